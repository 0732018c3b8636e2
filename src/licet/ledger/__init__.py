"""The only writer of evidence: sign and append, crash-safe."""
