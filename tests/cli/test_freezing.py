"""`licet freeze`, `unfreeze` and `permit`: one line stops, and says how to go on."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.command_line import Ran, licet, write_request

NOWHERE = "01900000-0000-7000-8000-000000000000"
SCOPES = {
    "actor agent/finance-bot": ("--actor", "agent/finance-bot"),
    "surface payments.transfer": ("--surface", "payments.transfer"),
    "tenant": ("--tenant",),
    "all": ("--all",),
}


def asked(home: Path, tmp_path: Path, key: str) -> Ran:
    request = write_request(tmp_path, idempotency_key=key)
    return licet("authorize", "-f", str(request), "--home", str(home), "--json")


def id_of(ran: Ran) -> str:
    return str(ran.json()["receipt_id"])


@pytest.mark.parametrize("name", SCOPES)
def test_a_freeze_stops_is_listed_and_is_lifted(home: Path, tmp_path: Path, name: str) -> None:
    set_ = licet("freeze", *SCOPES[name], "--reason", "odd payees", "--home", str(home))
    listed = licet("freeze", "--list", "--home", str(home))
    answer = asked(home, tmp_path, "k-1")
    (row,) = licet("freeze", "--list", "--home", str(home), "--json").json()["freezes"]  # type: ignore[misc]  # a list

    assert (set_.code, set_.stdout.splitlines()[0]) == (0, f"frozen  {name}")
    assert f"licet unfreeze {row['id']}" in set_.stderr
    assert listed.stdout.splitlines()[0] == f"{row['id']}  {name}  odd payees"
    assert (answer.code, answer.json()["reason"]) == (4, "frozen")
    shown = licet("receipt", "show", row["id"], "--home", str(home)).stdout
    assert f"  scope     {name}\n  by        human/owner: odd payees\n" in shown
    lifted = licet("unfreeze", row["id"], "--reason", "a test", "--home", str(home))
    assert (lifted.code, lifted.stdout.splitlines()[0]) == (0, f"lifted  {row['id']}")
    assert licet("freeze", "--list", "--home", str(home)).stderr == "nothing is frozen\n"
    assert asked(home, tmp_path, "k-2").code == 0


def test_the_same_freeze_gives_the_same_id_and_a_second_lift_is_told(home: Path) -> None:
    line = ("freeze", "--all", "--reason", "keys may be out", "--home", str(home), "--json")
    first, second = licet(*line), licet(*line)

    assert id_of(first) == id_of(second)
    lift = ("unfreeze", id_of(first), "--reason", "they are not", "--home", str(home))
    assert licet(*lift).code == 0
    again = licet(*lift)
    assert again.code == 2
    assert "error[already_lifted]" in again.stderr


@pytest.mark.parametrize(
    "line",
    [
        ("freeze",),
        ("freeze", "--reason", "x"),
        ("freeze", "--all"),
        ("freeze", "--all", "--tenant", "--reason", "x"),
        ("freeze", "--actor", "finance-bot", "--reason", "x"),
        ("freeze", "--actor", "agent/", "--reason", "x"),
        ("freeze", "--list", "--all"),
        ("freeze", "--list", "--reason", "x"),
        ("unfreeze", NOWHERE),
        ("unfreeze",),
        ("permit", "revoke", NOWHERE),
    ],
)
def test_a_line_that_stops_nothing_says_what_is_missing(made_home: Path, line: tuple[str, ...]) -> None:
    done = licet(*line, "--home", str(made_home))

    assert done.code == 2
    assert "mend: " in done.stderr


@pytest.mark.parametrize("line", [("unfreeze", NOWHERE), ("permit", "revoke", NOWHERE), ("unfreeze", "../x")])
def test_what_is_not_there_cannot_be_lifted_or_revoked(made_home: Path, line: tuple[str, ...]) -> None:
    done = licet(*line, "--reason", "x", "--home", str(made_home))

    assert (done.code, "error[not_found]" in done.stderr) == (2, True)


def test_a_permit_is_open_until_it_is_revoked(home: Path, tmp_path: Path) -> None:
    permit = id_of(asked(home, tmp_path, "k-1"))
    before = licet("permit", "open", "--home", str(home))
    revoked = licet("permit", "revoke", permit, "--reason", "wrong payee", "--home", str(home))
    again = licet("permit", "revoke", permit, "--reason", "again", "--home", str(home), "--json")

    assert before.stdout.startswith(f"{permit}  unclaimed  payments.transfer  agent/finance-bot  until ")
    assert (revoked.code, revoked.stdout.splitlines()[0]) == (0, f"revoked  {permit}")
    assert id_of(again) in revoked.stdout, "the first answer again"
    assert licet("permit", "open", "--home", str(home)).stderr == "no permit is open\n"
    assert licet("permit", "open", "--home", str(home), "--json").json()["permits"] == []
    shown = licet("receipt", "show", permit, "--home", str(home)).stdout
    assert ": it can never be claimed" in shown
    of_it = licet("receipt", "show", id_of(again), "--home", str(home)).stdout
    assert "  by        human/owner: wrong payee\n" in of_it
