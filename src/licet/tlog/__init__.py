"""The transparency log's mathematics: tree, tiles, notes, checkpoints, proofs. Pure."""
