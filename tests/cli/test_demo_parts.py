"""The parts of the demo: a bank that knows one credential, an executor that refuses in known codes."""

from __future__ import annotations

from pathlib import Path

import pytest

from licet.cli.demo.bank import Bank, count_transfers
from licet.cli.demo.cast import money
from licet.cli.demo.executor import Window, refused
from licet.cli.demo.offline import refuse_sockets
from licet.cli.demo.processes import Launcher
from licet.errors import Unreachable
from licet.gate.decision import Failure, failed
from licet.gate.errors import NotPermitted
from licet.gate.permits import Executor
from licet.gate.sync import HttpTransport


@pytest.mark.parametrize(
    ("failure", "check", "status", "code"),
    [
        (Failure.ALREADY_CLAIMED, None, 409, "already_claimed"),
        (Failure.EXPIRED, "exp", 410, "permit_expired"),
        (Failure.UNREACHABLE, None, 503, "unreachable"),
        (Failure.CLAIM_LOST, None, 503, "unreachable"),
        (Failure.WRONG_ANSWER, "effect_digest", 409, "effect_mismatch"),
        (Failure.BAD_SIGNATURE, "V06 signature", 403, "permit_invalid"),
    ],
)
def test_a_refusal_has_the_code_of_the_protocol(
    failure: Failure, check: str | None, status: int, code: str
) -> None:
    told = refused(NotPermitted(failed(failure, key="k", check=check)))

    assert (told.status, told.document["code"]) == (status, code)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b'{"permit":"a.b.c"}',
        b'{"permit":1,"account":"a","payee":"p","amount_minor":1,"currency":"USD"}',
    ],
)
def test_a_call_of_another_form_pays_nothing(body: bytes, tmp_path: Path, made_home: Path) -> None:
    transport = HttpTransport("unix:nowhere", credential="lk_x_y")
    executor = Executor(transport, audience="payments-executor", trust=made_home / "trust")

    told = Window(Bank(tmp_path), executor).pay(body)

    assert told.status == 400
    assert count_transfers(tmp_path / "ledger.jsonl") == 0


def test_the_bank_knows_one_credential(tmp_path: Path) -> None:
    bank = Bank(tmp_path)
    credential = bank.open_account()

    assert bank.transfer(credential, payee="acme", amount_minor=1, permit="p") == 1
    with pytest.raises(PermissionError):
        bank.transfer(credential[:-1], payee="acme", amount_minor=1, permit="p")
    assert count_transfers(tmp_path / "ledger.jsonl") == 1
    assert credential not in "".join(path.read_text() for path in tmp_path.iterdir())


def test_offline_means_every_socket_event() -> None:
    with pytest.raises(PermissionError, match="networking is refused"):
        refuse_sockets("socket.__new__", (1, 2, 3))
    refuse_sockets("open", ("file", "r", 0))


def test_settings_of_the_readers_own_homes_stay_out(tmp_path: Path) -> None:
    launcher = Launcher(tmp_path, {"LICET_HOME": "/elsewhere", "LICET_TOKEN": "t"})

    assert launcher.run("licet.cli.main", "log", "checkpoint").code == 2


def test_a_process_that_does_not_start_is_named(tmp_path: Path) -> None:
    child = Launcher(tmp_path, {}).start("licet.cli.main", "serve", "--home", "nowhere", talks_on="stderr")

    with pytest.raises(Unreachable, match="home_missing"):
        child.wait_for("listening on ")
    child.stop()


def test_money_is_written_with_two_digits() -> None:
    assert [money(minor) for minor in (0, 5, 4_000, 100_000)] == ["0.00", "0.05", "40.00", "1000.00"]
