"""Statements, their seal (JWS) and keys."""
