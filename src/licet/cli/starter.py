"""The starter bundles that ship with licet, as files by path."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

TEMPLATES: Final = ("payments", "minimal")


def starter_files(template: str) -> dict[str, bytes]:
    """The files of one of ``TEMPLATES``, path relative to the bundle."""
    return dict(_walk(files("licet.policy").joinpath("starter", template), ""))


def _walk(folder: Traversable, prefix: str) -> list[tuple[str, bytes]]:
    found: list[tuple[str, bytes]] = []
    for entry in sorted(folder.iterdir(), key=lambda one: one.name):
        path = f"{prefix}{entry.name}"
        if entry.is_dir():
            found += [] if entry.name == "__pycache__" else _walk(entry, f"{path}/")
        elif not entry.name.endswith((".py", ".pyc")):
            found.append((path, entry.read_bytes()))
    return found
