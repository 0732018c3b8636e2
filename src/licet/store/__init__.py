"""Where evidence and state live: one port, and drivers that share no code but one conformance suite."""
