"""Where third-party test data lies: used in place, never copied into the repository."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def vectors(name: str) -> Path:
    """The folder or file ``name`` of the third-party vectors; skips aloud when it is not there."""
    folder = Path(os.environ.get("LICET_VECTORS") or ROOT.parent / "shared" / "vectors")
    place = folder / name
    if not place.exists():
        pytest.skip(f"third-party vectors `{name}` are not at {place}: set LICET_VECTORS to their folder")
    return place
