"""Homes for the tests of the command line: made once, copied where a test changes them."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.command_line import licet


@pytest.fixture(scope="session")
def made_home() -> Iterator[Path]:
    """A home of the minimal template; nobody changes it."""
    # A short path: a Unix socket's has at most 107 bytes.
    with tempfile.TemporaryDirectory(prefix="licet-t-") as folder:
        home = Path(folder) / "home"
        done = licet("init", str(home), "--template", "minimal", "--origin", "example.com/licet/cli")
        assert done.code == 0, done.stderr
        yield home


@pytest.fixture
def home(made_home: Path) -> Iterator[Path]:
    """A home of one's own."""
    with tempfile.TemporaryDirectory(prefix="licet-t-") as folder:
        yield Path(shutil.copytree(made_home, Path(folder) / "home", symlinks=True))
