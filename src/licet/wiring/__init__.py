"""The only composition root: reads settings, environment and files, and puts the parts together."""
