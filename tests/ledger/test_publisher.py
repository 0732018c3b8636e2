"""The checkpoint that is kept outside: newest, whole, and tried again."""

from __future__ import annotations

import stat
import time
from dataclasses import replace

import pytest

from licet.ledger.publisher import CheckpointFile, replace_durably
from licet.store.memory import MemoryStore
from support.sources import MONDAY_MS, ORIGIN

HEAD = replace(MemoryStore(ORIGIN, MONDAY_MS).head(), size=1)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "last-checkpoint"


@pytest.fixture
def publisher(path):
    publisher = CheckpointFile(path)
    publisher.start()
    yield publisher
    publisher.close()


def offer(publisher, note):
    publisher.offer(replace(HEAD, checkpoint=note))


def until(holds):
    for _ in range(1_000):
        if holds():
            return
        time.sleep(0.01)
    pytest.fail("it never came to hold")


def test_a_committed_head_is_kept_within_a_moment(publisher, path):
    offer(publisher, "one")

    until(lambda: path.exists() and path.read_text() == "one")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_closing_writes_the_newest_one(path):
    publisher = CheckpointFile(path)
    publisher.start()
    for number in range(100):
        offer(publisher, str(number))
    publisher.close()

    assert path.read_text() == "99"
    assert [one.name for one in path.parent.iterdir()] == ["last-checkpoint"]


def test_a_failed_write_is_tried_again_and_told(publisher, path, caplog):
    path.mkdir()
    offer(publisher, "one")
    until(lambda: "was not kept" in caplog.text)
    path.rmdir()

    until(lambda: path.is_file() and path.read_text() == "one")


def test_after_a_failed_write_the_newer_one_is_written(publisher, path, caplog):
    path.mkdir()
    offer(publisher, "one")
    until(lambda: "was not kept" in caplog.text)
    offer(publisher, "two")
    path.rmdir()

    until(lambda: path.is_file() and path.read_text() == "two")


def test_a_publisher_that_was_offered_nothing_writes_nothing(publisher, path):
    publisher.close()

    assert not path.exists()


def test_a_file_is_replaced_whole(path):
    path.write_text("old and longer")
    replace_durably(path, b"new")

    assert path.read_bytes() == b"new"
