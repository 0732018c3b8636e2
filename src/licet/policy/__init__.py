"""Bundles, surfaces and evaluation: what decides. Pure."""
