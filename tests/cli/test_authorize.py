"""Exit 0 of authorize means PERMIT, borne out by its receipt, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from licet.cli.authorize import exit_of_answer
from licet.cli.believed import demand_believable
from licet.cli.talk import Talk
from licet.errors import NotRecorded, RaiseTheAlarm
from licet.verify.trust import parse_trust
from support.command_line import licet, licet_process, parameters, served, write_request

PERMIT = {"parameters": parameters(), "idempotency_key": "permit"}
DENY = {"parameters": parameters(amount_minor=100_001), "idempotency_key": "deny"}
SILENCE = {"parameters": parameters(amount_minor=10_001), "idempotency_key": "silence"}


@pytest.mark.parametrize(
    ("changes", "said", "code"),
    [
        (PERMIT, "PERMIT permitted", 0),
        (DENY, "DENY forbidden", 3),
        (SILENCE, "SILENCE no_permit", 4),
        ({"surface": "payments.unknown"}, "SILENCE surface_unknown", 4),
        ({"parameters": {"amount_minor": 1}}, "SILENCE request_invalid", 4),
    ],
)
def test_each_outcome_has_its_word_and_its_exit_code(
    changes: dict[str, object], said: str, code: int, home: Path, tmp_path: Path
) -> None:
    request = write_request(tmp_path, **changes)

    told = licet("authorize", "-f", str(request), "--home", str(home))
    data = licet("authorize", "-f", str(request), "--home", str(home), "--json")

    assert (told.code, data.code) == (code, code)
    assert told.stdout.startswith(f"{said}\n")
    answer = data.json()
    assert f"{answer['outcome']} {answer['reason']}" == said
    assert f"receipt   {answer['receipt_id']}" in told.stdout, "the same key gives the same receipt"


def test_the_request_may_come_from_stdin_and_is_sent_unchanged(home: Path, tmp_path: Path) -> None:
    body = write_request(tmp_path).read_bytes()

    spaced = body.replace(b'":', b'" :\n')
    first = licet("authorize", "-f", "-", "--home", str(home), "--json", stdin=body)
    second = licet("authorize", "-f", "-", "--home", str(home), "--json", stdin=spaced)

    assert first.code == second.code == 0
    assert first.json()["receipt"] == second.json()["receipt"]


def test_a_served_and_an_embedded_authority_give_the_same_receipt(home: Path, tmp_path: Path) -> None:
    request = str(write_request(tmp_path))
    embedded = licet("authorize", "-f", request, "--home", str(home), "--json")

    with served(home) as authority:
        by_home = licet("authorize", "-f", request, "--home", str(home), "--json")
        token = str(home / "data" / "owner.token")
        by_url = licet("authorize", "-f", request, "--url", authority.url, "--token-file", token, "--json")
        by_socket = licet(
            "authorize", "-f", request, "--url", authority.socket, "--token-file", token, "--json"
        )
        by_variable = licet_process(
            "authorize",
            "-f",
            request,
            "--url",
            authority.url,
            "--json",
            env={"LICET_TOKEN": authority.token()},
        )

    receipts = {done.json()["receipt"] for done in (embedded, by_home, by_url, by_socket, by_variable)}
    assert len(receipts) == 1


def test_nobody_there_is_thirty_and_never_zero(home: Path, tmp_path: Path) -> None:
    request = str(write_request(tmp_path))

    done = licet("authorize", "-f", request, "--url", f"unix:{home}/data/nobody.sock")

    assert done.code == 30
    assert done.stdout == ""
    assert "error[unreachable]" in done.stderr


def test_home_from_the_environment_and_from_the_folder(home: Path, tmp_path: Path) -> None:
    request = str(write_request(tmp_path))

    here = licet_process("authorize", "-f", request, cwd=home)
    named = licet_process("authorize", "-f", request, cwd=tmp_path, env={"LICET_HOME": str(home)})
    nowhere = licet_process("authorize", "-f", request, cwd=tmp_path)

    assert (here.code, named.code, nowhere.code) == (0, 0, 2)
    assert "error[home_missing]" in nowhere.stderr


# --- an answer that its receipt does not bear out ---------------------------------------------------


@pytest.fixture
def answered(home: Path, tmp_path: Path) -> tuple[dict[str, object], dict[str, object], bytes, Path]:
    """A genuine PERMIT, a genuine DENY, the bytes that the PERMIT is about, and the home."""
    request = write_request(tmp_path, **PERMIT)
    permit = licet("authorize", "-f", str(request), "--home", str(home), "--json").json()
    deny_file = str(write_request(tmp_path, "deny.json", **DENY))
    deny = licet("authorize", "-f", deny_file, "--home", str(home), "--json").json()
    return permit, deny, request.read_bytes(), home


Forge = Callable[[dict[str, object], dict[str, object]], dict[str, object]]
FORGERIES: dict[str, Forge] = {
    "PERMIT written around the receipt of a DENY": lambda permit, deny: {
        **deny,
        "outcome": "PERMIT",
        "reason": "permitted",
    },
    "a genuine DENY about another request": lambda permit, deny: deny,
    "another id": lambda permit, deny: {**permit, "receipt_id": deny["receipt_id"]},
    "other duties": lambda permit, deny: {**permit, "obligations": ["notify:nobody"]},
    "a receipt that is none": lambda permit, deny: {**permit, "receipt": "a.b.c"},
    "a flipped signature": lambda permit, deny: {**permit, "receipt": _flipped(str(permit["receipt"]))},
}


def _flipped(jws: str) -> str:
    at = jws.rindex(".") + 1
    return jws[:at] + ("B" if jws[at] == "A" else "A") + jws[at + 1 :]


@pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES)
def test_an_answer_that_its_receipt_does_not_bear_out_is_an_alarm(forge: Forge, answered) -> None:
    permit, deny, body, home = answered
    trust = parse_trust((home / "trust" / "trust.json").read_bytes())

    demand_believable(permit, body, trust)
    with pytest.raises(RaiseTheAlarm, match="not borne out"):
        demand_believable(forge(permit, deny), body, trust)


def test_a_receipt_of_a_stranger_is_not_believed(answered, tmp_path: Path) -> None:
    permit, _, body, _ = answered
    assert licet("init", str(tmp_path / "other"), "--template", "minimal").code == 0
    stranger = parse_trust((tmp_path / "other" / "trust" / "trust.json").read_bytes())

    with pytest.raises(RaiseTheAlarm, match="V05 key"):
        demand_believable(permit, body, stranger)


def test_a_key_that_was_retired_answers_no_more(answered) -> None:
    permit, _, body, home = answered
    document = json.loads((home / "trust" / "trust.json").read_bytes())
    for entry in document["keys"]:
        entry["until"] = 1_000
    retired = parse_trust(json.dumps(document).encode())

    with pytest.raises(RaiseTheAlarm, match="retired or revoked"):
        demand_believable(permit, body, retired)


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [("PERMIT", "no_permit"), ("PERMITTED", "permitted"), ("ALLOW", "permitted"), ("", "")],
)
def test_an_answer_nobody_knows_is_no_permit(outcome: str, reason: str) -> None:
    with pytest.raises(NotRecorded):
        exit_of_answer({"outcome": outcome, "reason": reason})


def test_approval_required_has_a_code_of_its_own() -> None:
    assert exit_of_answer({"outcome": "SILENCE", "reason": "approval_required"}) == 5


def test_hostile_ids_are_printed_visibly(home: Path, tmp_path: Path) -> None:
    request = write_request(
        tmp_path, target={"type": "account", "id": "acct"}, context={"note": "\u202eTIMREP"}
    )
    done = licet("authorize", "-f", str(request), "--home", str(home), "--json")

    assert done.code in {0, 4}
    assert done.stdout.isascii()
    json.loads(done.stdout)


def test_every_talk_is_made_from_one_environment() -> None:
    assert Talk({"NO_COLOR": "1"}).environment == {"NO_COLOR": "1"}
