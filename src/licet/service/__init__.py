"""The authority's HTTP face."""
