"""The request path: look, decide, seal, log, answer."""
