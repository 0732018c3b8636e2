"""The deciding side's randomness: the one place that draws it."""

from __future__ import annotations

import secrets


class SystemEntropy:
    """The operating system's generator."""

    def draw(self, count: int) -> bytes:
        """``count`` fresh random bytes."""
        return secrets.token_bytes(count)
