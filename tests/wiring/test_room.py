"""The reserve of disk space: really held, not at any price, and given up for a full disk alone."""

from __future__ import annotations

import stat

import pytest

from licet.errors import StoreUnknown
from licet.wiring.room import DatabaseRoom, Reserve
from support.sources import ManualRoom

MIB = 1024 * 1024
WHY = StoreUnknown("`SQLITE_FULL` while committing", mend="-")


@pytest.fixture
def room():
    room = ManualRoom()
    room.free = 100 * MIB
    return room


@pytest.fixture
def reserve(tmp_path, room):
    return Reserve(path=tmp_path / "reserve", size_bytes=2 * MIB, low_bytes=8 * MIB, room=room)


def held(reserve):
    return reserve.path.stat().st_blocks * 512


def test_a_reserve_is_really_held_and_for_its_owner_alone(reserve):
    assert reserve.make()

    assert held(reserve) >= 2 * MIB
    assert stat.S_IMODE(reserve.path.stat().st_mode) == 0o600


def test_a_reserve_that_is_there_is_left_alone(reserve, room):
    assert reserve.make()
    before, room.free = reserve.path.stat().st_ino, 0

    assert reserve.make()
    assert reserve.path.stat().st_ino == before


def test_a_copy_with_holes_is_no_reserve(reserve):
    reserve.path.touch(mode=0o600)
    with reserve.path.open("r+b") as file:
        file.truncate(2 * MIB)
    assert held(reserve) < MIB

    assert reserve.make()
    assert held(reserve) >= 2 * MIB


def test_no_reserve_is_made_that_would_push_the_disk_below_its_mark(reserve, room):
    room.free = 10 * MIB - 1

    assert not reserve.make()
    assert not reserve.path.exists()


def test_a_reserve_that_cannot_be_made_stops_nobody(tmp_path, room, caplog):
    reserve = Reserve(path=tmp_path / "gone" / "reserve", size_bytes=MIB, low_bytes=0, room=room)

    assert not reserve.make()
    assert "no reserve" in caplog.text


def test_a_reserve_of_nothing_is_no_file(tmp_path, room):
    reserve = Reserve(path=tmp_path / "reserve", size_bytes=0, low_bytes=0, room=room)

    assert reserve.make()
    assert not reserve.path.exists()


def test_a_reserve_is_given_up_on_a_full_disk_alone(reserve, room):
    reserve.make()
    reserve.give_up(WHY)
    assert reserve.path.exists()

    room.free = 0
    reserve.give_up(WHY)
    assert not reserve.path.exists()
    reserve.give_up(WHY)


def test_the_room_of_a_database_is_that_beside_it(tmp_path):
    room = DatabaseRoom(tmp_path / "licet.db")
    assert room.free_bytes() > 0
    assert room.wal_bytes() == 0

    (tmp_path / "licet.db-wal").write_bytes(b"x" * 100)
    assert room.wal_bytes() == 100
