"""The wire contract: types, limits, strict reading, canonical bytes, digests, ids. Pure."""
