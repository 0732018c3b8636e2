"""The pure decision: a request and a snapshot in, a decision out; and its replay."""
