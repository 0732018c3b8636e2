"""The birth of a store: whole or not at all, and never over another one."""

from __future__ import annotations

import os

import apsw
import pytest

from licet.errors import HomeHeld, HomeMissing, HomeNotEmpty, StoreRefused
from licet.store.sqlite import create, open_store
from licet.store.sqlite_lock import StoreLock
from store.samples import NOW_MS, ORIGIN, append


def test_a_new_store_is_one_secret_file_in_its_final_place(tmp_path):
    os.umask(os.umask(0o022))
    path = tmp_path / "licet.db"

    create(path, origin=ORIGIN, now_ms=NOW_MS)

    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["LOCK", "licet.db"]
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_new_store_says_who_it_is(tmp_path):
    path = tmp_path / "licet.db"
    create(path, origin=ORIGIN, now_ms=NOW_MS)

    meta = dict(apsw.Connection(str(path)).execute("SELECT name, value FROM meta"))

    assert meta["origin"] == ORIGIN
    assert meta["created_ms"] == str(NOW_MS)
    assert meta["format"] == "licet-store/1"
    assert len(meta["migration.0001"]) == 64


@pytest.mark.parametrize("suffix", ["", "-wal", "-shm", "-journal"])
def test_nothing_is_ever_overwritten(tmp_path, suffix):
    path = tmp_path / "licet.db"
    (tmp_path / f"licet.db{suffix}").write_bytes(b"precious")

    with pytest.raises(HomeNotEmpty):
        create(path, origin=ORIGIN, now_ms=NOW_MS)
    assert (tmp_path / f"licet.db{suffix}").read_bytes() == b"precious"


def test_a_store_is_not_made_twice(tmp_path):
    path = tmp_path / "licet.db"
    create(path, origin=ORIGIN, now_ms=NOW_MS)
    store = open_store(path)
    append(store)
    store.close()

    with pytest.raises(HomeNotEmpty):
        create(path, origin=ORIGIN, now_ms=NOW_MS)
    assert open_store(path).head().size == 1


def test_what_a_crash_left_half_made_is_made_again(tmp_path):
    for suffix in ("", "-wal", "-shm", "-journal"):
        (tmp_path / f"licet.db.new{suffix}").write_bytes(b"half")

    create(tmp_path / "licet.db", origin=ORIGIN, now_ms=NOW_MS)

    open_store(tmp_path / "licet.db").close()


def test_two_do_not_make_one_store_at_once(tmp_path):
    lock = StoreLock(tmp_path)

    with pytest.raises(HomeHeld):
        create(tmp_path / "licet.db", origin=ORIGIN, now_ms=NOW_MS)
    lock.release()


def test_a_folder_is_never_made(tmp_path):
    with pytest.raises(HomeMissing):
        create(tmp_path / "nowhere" / "licet.db", origin=ORIGIN, now_ms=NOW_MS)


@pytest.mark.parametrize("origin", ["", "with space", "a+b", "x" * 256])
def test_an_origin_that_is_none_is_refused(tmp_path, origin):
    with pytest.raises(StoreRefused):
        create(tmp_path / "licet.db", origin=origin, now_ms=NOW_MS)
    assert list(tmp_path.iterdir()) == []


def test_a_store_that_cannot_be_filled_is_not_there(tmp_path):
    with pytest.raises(StoreRefused):
        create(tmp_path / "licet.db", origin=ORIGIN, now_ms=-1)
    assert [entry.name for entry in tmp_path.iterdir()] == ["LOCK"]


def test_a_disk_that_refuses_is_told_with_its_mend(tmp_path, monkeypatch):
    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)

    with pytest.raises(StoreRefused, match="No space left"):
        create(tmp_path / "licet.db", origin=ORIGIN, now_ms=NOW_MS)
