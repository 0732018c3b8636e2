"""licet: no permit, no execution."""

__version__ = "0.1.0"
