"""Whose files they are, and whether they are whole: a stranger's store, or a part of one, does not open."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest

from licet.errors import ModeRefused, StoreCorrupt, StoreRefused
from licet.store.sqlite import create, open_store
from store.samples import NOW_MS, ORIGIN

NOBODY = 65_534
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to another user")


@pytest.fixture
def path(tmp_path):
    create(tmp_path / "licet.db", origin=ORIGIN, now_ms=NOW_MS)
    return tmp_path / "licet.db"


@AS_ROOT
@pytest.mark.parametrize("name", ["licet.db", "licet.db-wal", "licet.db-shm"])
def test_a_store_of_another_user_is_refused_to_root_too(path, name):
    open_store(path).close()
    os.chown(path.with_name(name), NOBODY, NOBODY)

    with pytest.raises(ModeRefused, match=f"belongs to user {NOBODY}, and user 0 runs licet") as met:
        open_store(path)
    assert "chown -R" in met.value.mend


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes into every folder")
def test_a_folder_that_cannot_be_written_is_refused(path):
    open_store(path).close()
    path.parent.chmod(0o500)

    try:
        with pytest.raises(StoreRefused, match="cannot be written by user"):
            open_store(path)
    finally:
        path.parent.chmod(0o700)


def test_a_file_system_mounted_for_reading_is_refused(path):
    open_store(path).close()
    program = (
        "import sys; from pathlib import Path; from licet.store.sqlite import open_store\n"
        "try: open_store(Path(sys.argv[1]))\n"
        "except Exception as error: print(type(error).__name__, error)"
    )
    script = 'mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" && exec "$2" -c "$3" "$4"'
    arguments = [str(path.parent), sys.executable, program, str(path)]
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", script, "sh", *arguments], check=False, capture_output=True, text=True
    )
    if "mount" in done.stderr or "unshare" in done.stderr:
        pytest.skip(f"no mount of our own here: {done.stderr.strip()[:80]}")

    assert done.stdout.startswith("StoreRefused"), done.stdout + done.stderr


@pytest.mark.parametrize("lost", [1, 4096, 10_000])
def test_a_store_that_was_copied_in_part_is_named_as_that(path, lost):
    size = path.stat().st_size
    os.truncate(path, size - lost)

    with pytest.raises(StoreCorrupt, match=f"cut short: {size - lost} of {size} bytes") as met:
        open_store(path)
    assert "copy or restore it whole" in met.value.mend


def test_pages_that_only_the_write_ahead_log_has_are_not_missed(path):
    """A crash in the middle of a checkpoint: page 1 knows the new length, the file ends before it."""
    store = open_store(path)
    store.heartbeat(NOW_MS + 1)
    shutil.copy(f"{path}-wal", f"{path}-kept")
    store.close()
    size = path.stat().st_size
    shutil.move(f"{path}-kept", f"{path}-wal")
    os.truncate(path, size - 1)

    open_store(path).close()
