"""The enforcing side: SDK and executor's check. Knows nothing of policy."""
