"""A disk that runs full: no permit below the mark, no false yes at its end, a clean stop, and on again."""

from __future__ import annotations

from contextlib import suppress
from http.client import HTTPException

import pytest

from support.served import Served, fresh_home
from support.small_disk import SmallDisk, why_not
from support.world import payment

MIB = 1024 * 1024
DISK_MIB, LOW_MIB, RESERVE_MIB = 24, 8, 4
ENV = {"LICET__DISK__LOW_MARK_MIB": str(LOW_MIB), "LICET__DISK__RESERVE_MIB": str(RESERVE_MIB)}


@pytest.fixture(scope="module")
def possible():
    reason = why_not()
    if reason is not None:
        pytest.skip(f"no small disk: {reason}")


@pytest.fixture
def disk(possible):
    with fresh_home() as home:
        disk = SmallDisk(home.root, DISK_MIB)
        disk.home = home
        yield disk
        disk.close()


def served(disk):
    return Served(disk.home, launch=disk.launch(), env=ENV)


def red(client):
    answer = client("GET", "/readyz")
    names = {check["name"] for check in answer.json()["checks"] if not check["ok"]}
    assert answer.status == (503 if names else 200)
    return names


def test_i05_below_the_mark_nothing_new_is_permitted_and_refusals_are_recorded(disk):
    with served(disk) as running:
        owner = running.client()
        assert (disk.seen / "data/reserve").stat().st_blocks * 512 >= RESERVE_MIB * MIB
        assert owner("POST", "/v1/decisions", payment("room")).json()["outcome"] == "PERMIT"
        assert red(owner) == set()

        disk.fill(leave_bytes=LOW_MIB * MIB - 64 * 1024)
        low = owner("POST", "/v1/decisions", payment("low")).json()
        denied = owner("POST", "/v1/decisions", payment("denied", amount=400_000)).json()
        assert (low["outcome"], low["reason"]) == ("SILENCE", "state_unavailable")
        assert denied["outcome"] == "DENY"
        assert red(owner) == {"disk"}

        disk.clear()
        assert red(owner) == set()
        assert owner("POST", "/v1/decisions", payment("again")).json()["outcome"] == "PERMIT"
        assert owner("GET", "/v1/log/verify").json()["problems"] == []
        assert running.stop() == 0


def test_i05_a_full_disk_is_503_the_reserve_is_given_up_and_the_next_start_makes_it_again(disk):
    with served(disk) as running:
        owner = running.client()
        first = owner("POST", "/v1/decisions", payment("first"))
        assert first.json()["outcome"] == "PERMIT"
        disk.fill(leave_bytes=0)

        answers = fill_up(owner)
        assert {answer.status for answer in answers} <= {200, 503}
        assert answers[-1].status == 503
        assert answers[-1].json()["code"] == "not_recorded"
        assert not any(b'"PERMIT"' in answer.body for answer in answers)
        assert running.wait() == 1
    assert not (disk.seen / "data/reserve").exists()
    assert disk.free_bytes() >= RESERVE_MIB * MIB // 2

    with served(disk) as low:  # with nothing but the reserve's room it starts, and permits nothing
        assert low.client()("POST", "/v1/decisions", payment("first")).body == first.body
        assert red(low.client()) == {"disk"}
        assert low.stop() == 0
    assert not (disk.seen / "data/reserve").exists()
    disk.clear()
    with served(disk) as again:
        owner = again.client()
        assert (disk.seen / "data/reserve").stat().st_blocks * 512 >= RESERVE_MIB * MIB
        assert red(owner) == set()
        assert owner("POST", "/v1/decisions", payment("second")).json()["outcome"] == "PERMIT"
        assert owner("GET", "/v1/log/verify").json()["problems"] == []
        assert again.stop() == 0


def fill_up(owner):
    """Refusals, which are recorded as ever, until the disk takes no more."""
    answers = []
    with suppress(OSError, HTTPException):
        while not answers or answers[-1].status == 200:
            answers.append(owner("POST", "/v1/decisions", payment(f"fill-{len(answers)}", amount=400_000)))
    return answers
