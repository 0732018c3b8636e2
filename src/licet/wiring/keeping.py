"""Backup and restore of a home, each with its proof: root, count, and consistency (``trust.md`` 9, I23).

A backup holds the database, trust, settings and bundle, and no key: keys are kept apart, by their owner.
A restored copy that is older than what this home has published refuses to serve. That is the design: it
would hand out spent permits as fresh.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from licet.authority.entropy import SystemEntropy
from licet.errors import HomeMissing, HomeNotEmpty, Malformed, StoreCorrupt
from licet.ledger.checkpointing import open_checkpoint
from licet.ledger.publisher import replace_durably
from licet.protocol.canonical import canonical_bytes
from licet.protocol.shape import Members
from licet.protocol.strict import read_strict
from licet.protocol.types import JsonObject, JsonValue, Origin
from licet.store.port import Head
from licet.store.sqlite import open_store
from licet.store.sqlite_backup import copy_database
from licet.wiring.home import Home
from licet.wiring.inspecting import inspect_store, log_key_of
from licet.wiring.opening import database_path, read_trust_file
from licet.wiring.settings import load_settings

MANIFEST: Final = "backup.json"
DATABASE: Final = "licet.db"
_MANIFEST_BYTES_MAX: Final = 1024 * 1024
_MANIFEST_MEMBERS_MAX: Final = 20_000
_FILES_MAX: Final = 4_000
_BESIDE: Final = ("LOCK", f"{DATABASE}-wal", f"{DATABASE}-shm")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What a backup holds, or what a restore put back: proved, not copied from a label."""

    origin: str
    size: int
    root: str
    published: int | None
    """The size of the newest checkpoint kept outside; None when there is none to compare with."""

    @property
    def behind(self) -> int:
        """How many receipts this copy lacks; above 0 it will refuse to serve."""
        return 0 if self.published is None else max(0, self.published - self.size)


def back_up(home: Home, env: Mapping[str, str], target: Path) -> Kept:
    """Copy ``home`` to the new folder ``target`` and prove the copy. The home may be served meanwhile.

    Raises:
        HomeNotEmpty: ``target`` is there.
        StoreCorrupt: the copy does not hash to the signed checkpoint; it was removed again.
    """
    settings = load_settings(home.settings, env)
    if os.path.lexists(target):
        raise HomeNotEmpty(f"`{target}` is there already", mend="name a new folder for the backup")
    aside = target.with_name(f".{target.name}.{SystemEntropy().draw(4).hex()}")
    aside.mkdir(mode=0o700, parents=True)
    try:
        # Read before the copy is made: the copy must be at least as new as this.
        outside = _read(home.last_checkpoint)
        copy_database(database_path(home, settings), aside / DATABASE)
        for folder in ("trust", "bundle"):
            shutil.copytree(home.root / folder, aside / folder)
        shutil.copy2(home.settings, aside / home.settings.name)
        head = _prove(aside, Origin(settings.log.origin), read_trust_file(home), outside)
        _write_manifest(aside, head)
        aside.rename(target)
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise
    return _kept(head, head.size)


def restore(backup: Path, home: Home, env: Mapping[str, str]) -> Kept:
    """Put the database of ``backup`` into ``home``, which has its keys and trust and no database.

    Raises:
        HomeMissing: no backup, or no home with keys to restore into.
        HomeNotEmpty: the home has a database; nothing is overwritten.
        StoreCorrupt: the backup is not what its manifest and checkpoint say; nothing was restored.
    """
    settings = load_settings(home.settings, env)
    origin = Origin(settings.log.origin)
    target = database_path(home, settings)
    for name in (target, Path(f"{target}-wal"), Path(f"{target}-shm")):
        if os.path.lexists(name):
            raise HomeNotEmpty(
                f"`{name}` is there", mend="move it away first and keep it: a restore overwrites nothing"
            )
    if not home.key("log").exists():
        raise HomeMissing(
            f"`{home.key('log')}` is missing: keys are not part of a backup",
            mend="put the keys of this home back first",
        )
    manifest = _check_manifest(backup, origin)
    # Proved where it ends up, under another name: a crash leaves no half database in its place.
    aside = target.parent / f".restore.{SystemEntropy().draw(4).hex()}"
    aside.mkdir(mode=0o700)
    try:
        copy_database(backup / DATABASE, aside / DATABASE)
        # Attack: a whole log of the same name, made with other keys. The trust file is the home's own.
        head = _prove(aside, origin, read_trust_file(home), None)
        _demand_as_said(head, manifest)
        (aside / DATABASE).rename(target)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    outside = _read(home.last_checkpoint)
    if outside is None:
        # Nothing tells how far the log had come: the caller is told so, aloud.
        replace_durably(home.last_checkpoint, head.checkpoint.encode("utf-8"))
        return _kept(head, None)
    key = log_key_of(read_trust_file(home), origin)
    return _kept(head, open_checkpoint(outside, key).size)


def _prove(folder: Path, origin: Origin, trust: bytes, outside: str | None) -> Head:
    """Recompute the copy's log from its bytes, and that it continues what was published."""
    key = log_key_of(trust, origin)
    store = open_store(folder / DATABASE, origin=origin)
    try:
        report = inspect_store(store, key, outside)
        head = store.head()
    finally:
        store.close()
        for name in _BESIDE:
            (folder / name).unlink(missing_ok=True)
    if report.problems:
        first = report.problems[0]
        where = "" if first.index is None else f"leaf {first.index}: "
        raise StoreCorrupt(
            f"the copy does not hold: {where}{first.detail}",
            mend="keep the original as it is and run `licet log verify` on it",
        )
    return head


def _write_manifest(folder: Path, head: Head) -> None:
    files: list[JsonValue] = [
        {"path": name, "sha256": _hash(folder / name), "bytes": (folder / name).stat().st_size}
        for name in _names(folder)
    ]
    document: JsonObject = {
        "v": 1,
        "kind": "backup",
        "origin": head.origin,
        "size": head.size,
        "root": f"sha256:{head.root.hex()}",
        "checkpoint": head.checkpoint,
        "files": files,
    }
    replace_durably(folder / MANIFEST, canonical_bytes(document))


def _check_manifest(backup: Path, origin: Origin) -> tuple[int, str]:
    """Size and root that the manifest claims; every file is the one it lists, and none is unlisted."""
    content = _read(backup / MANIFEST)
    if content is None:
        raise HomeMissing(f"`{backup}` holds no backup", mend="name a folder that `licet backup` made")
    mend = "use another backup; keep this one as it is"
    try:
        members = Members(
            read_strict(
                content.encode("utf-8"), bytes_max=_MANIFEST_BYTES_MAX, members_max=_MANIFEST_MEMBERS_MAX
            )
        )
        listed = {
            str(entry["path"]): (str(entry["sha256"]), entry["bytes"])
            for entry in members.array("files", items_max=_FILES_MAX)
            if isinstance(entry, dict)
        }
        said = (str(members.value("origin")), members.integer("size"), str(members.value("root")))
    except (Malformed, KeyError) as error:
        raise StoreCorrupt(f"the manifest of `{backup}` cannot be read: {error}", mend=mend) from error
    found = {
        name: (_hash(backup / name), (backup / name).stat().st_size)
        for name in _names(backup)
        if name != MANIFEST
    }
    for name in sorted(listed.keys() ^ found.keys()):
        raise StoreCorrupt(f"`{name}` is in the backup or in its manifest, not in both", mend=mend)
    for name, seen in sorted(found.items()):
        if listed[name] != seen:
            raise StoreCorrupt(f"`{name}` is not the file that was backed up", mend=mend)
    if said[0] != origin:
        raise StoreCorrupt(
            f"the backup is of the log `{said[0]}`, this home is `{origin}`",
            mend="restore it into the home it was made of",
        )
    return said[1], said[2]


def _demand_as_said(head: Head, manifest: tuple[int, str]) -> None:
    if (head.size, f"sha256:{head.root.hex()}") != manifest:
        raise StoreCorrupt(
            f"the backup holds size {head.size}, its manifest says {manifest[0]}",
            mend="use another backup; keep this one as it is",
        )


def _names(folder: Path) -> list[str]:
    names: list[str] = []
    for path in sorted(folder.rglob("*")):
        if path.is_symlink():
            raise StoreCorrupt(f"`{path}` is a link", mend="a backup holds files only")
        if path.is_file():
            names.append(path.relative_to(folder).as_posix())
    return names


def _hash(path: Path) -> str:
    digest = sha256()
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except UnicodeDecodeError as error:
        raise StoreCorrupt(f"`{path}` is damaged", mend="keep it as it is, and use another copy") from error


def _kept(head: Head, published: int | None) -> Kept:
    return Kept(origin=head.origin, size=head.size, root=f"sha256:{head.root.hex()}", published=published)
