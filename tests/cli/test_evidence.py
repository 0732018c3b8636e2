"""What is exported verifies anywhere; FAILED and CANNOT VERIFY never share a word or a code."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from licet.cli.connection import Line
from licet.cli.remote import Exchanged
from support.command_line import Ran, licet, parameters, write_request


@pytest.fixture
def evidence(home: Path, tmp_path: Path) -> Path:
    """Two decisions, exported with everything else of the log."""
    for key, amount in (("one", 4_000), ("two", 100_001)):
        request = write_request(tmp_path, idempotency_key=key, parameters=parameters(amount_minor=amount))
        licet("authorize", "-f", str(request), "--home", str(home))
    assert (
        licet("receipt", "export", "--all", "-o", str(tmp_path / "evidence"), "--home", str(home)).code == 0
    )
    return tmp_path / "evidence"


def permit_of(home: Path) -> str:
    row = licet("receipt", "list", "--outcome", "PERMIT", "--jsonl", "--home", str(home)).json()
    return str(row["receipt_id"])


def verify(*arguments: object) -> Ran:
    return licet("verify", *(str(argument) for argument in arguments))


def test_everything_that_is_exported_verifies(evidence: Path, home: Path) -> None:
    files = sorted(evidence.glob("*.jws"))

    done = verify(*files, "--trust", home / "trust")

    assert len(files) == 4, "genesis, activation, two decisions"
    assert (done.code, done.stdout.count("VERIFIED")) == (0, 4)


def test_one_receipt_shows_every_step(evidence: Path, home: Path) -> None:
    done = verify(evidence / f"{permit_of(home)}.jws", "--trust", home / "trust")

    assert done.code == 0
    assert [line.split()[1] for line in done.stdout.splitlines() if line.startswith("  ok")] == [
        f"V{number:02}" for number in range(1, 13)
    ]
    assert done.stderr == "offline: no request was made\n"


def test_the_json_is_the_report(evidence: Path, home: Path) -> None:
    file = evidence / f"{permit_of(home)}.jws"

    one = verify(file, "--trust", home / "trust", "--json").json()
    two = verify(file, file, "--trust", home / "trust", "--json").json()

    assert one["verdict"] == "verified"
    assert [report["report"] for report in two["reports"]] == [one, one]  # type: ignore[attr-defined]  # a list


def test_one_flipped_byte_is_failed(evidence: Path, home: Path) -> None:
    genuine = evidence / f"{permit_of(home)}.jws"
    copy = evidence / "copy.jws"
    copy.write_bytes(genuine.read_bytes()[:-1] + b"#")

    done = verify(copy, "--proof", genuine.with_suffix(".tlog-proof"), "--trust", home / "trust")

    assert done.code == 10
    assert "FAILED  at V01 compact" in done.stdout
    assert "VERIFIED" not in done.stdout
    assert "CANNOT" not in done.stdout
    assert verify(genuine, "--trust", home / "trust").code == 0


def test_without_a_proof_it_cannot_be_verified(evidence: Path, home: Path) -> None:
    alone = evidence / "alone.jws"
    alone.write_bytes((evidence / f"{permit_of(home)}.jws").read_bytes())

    done = verify(alone, "--trust", home / "trust")

    assert done.code == 11
    assert "CANNOT VERIFY  at V08 proof" in done.stdout
    assert "FAILED" not in done.stdout


def test_without_trust_it_cannot_be_verified_and_the_way_to_trust_is_told(evidence: Path, home: Path) -> None:
    file = evidence / f"{permit_of(home)}.jws"

    none = verify(file)
    absent = verify(file, "--trust", evidence / "nowhere")

    assert (none.code, absent.code) == (11, 11)
    assert "CANNOT VERIFY" in none.stderr
    assert "--trust DIR" in none.stderr
    assert none.stdout == absent.stdout == ""


def test_another_issuers_trust_cannot_verify(evidence: Path, home: Path, tmp_path: Path) -> None:
    assert licet("init", str(tmp_path / "other"), "--template", "minimal").code == 0

    done = verify(evidence / f"{permit_of(home)}.jws", "--trust", tmp_path / "other" / "trust")

    assert done.code == 11
    assert "CANNOT VERIFY  at V05 key" in done.stdout


def test_failed_wins_over_cannot_in_the_exit_code(evidence: Path, home: Path) -> None:
    alone = evidence / "alone.jws"
    alone.write_bytes((evidence / f"{permit_of(home)}.jws").read_bytes())
    (evidence / "bad.jws").write_bytes(b"not.a.receipt")

    done = verify(alone, evidence / "bad.jws", evidence / f"{permit_of(home)}.jws", "--trust", home / "trust")

    assert done.code == 10


@pytest.mark.parametrize("at", ["2026-11-23T09:00:00Z", "2026-11-23T10:00:00+01:00", "1795424400"])
def test_a_time_to_judge_by_may_be_given(at: str, evidence: Path, home: Path) -> None:
    assert verify(evidence / f"{permit_of(home)}.jws", "--trust", home / "trust", "--at", at).code == 0


@pytest.mark.parametrize("suffix", [".jws", ".tlog-proof"])
def test_a_huge_file_is_failed_and_the_others_are_told(suffix: str, evidence: Path, home: Path) -> None:
    huge, *others = sorted(evidence.glob("*.jws"))
    huge.with_suffix(suffix).write_bytes(b"A" * 300_000)

    done = verify(huge, *others, "--trust", home / "trust")

    assert (done.code, done.stdout.count("VERIFIED"), done.stdout.count("FAILED  at")) == (10, 3, 1)


def test_the_bound_of_known_revocations_is_told(evidence: Path, home: Path) -> None:
    done = verify(evidence / f"{permit_of(home)}.jws", "--trust", home / "trust")

    assert done.stdout.splitlines()[-2] == "  revoked keys are known up to log size 2"


def test_a_time_that_is_none_is_usage(evidence: Path, home: Path) -> None:
    assert verify(evidence / f"{permit_of(home)}.jws", "--trust", home / "trust", "--at", "noon").code == 2


def test_verify_loads_click_and_cryptography_and_nothing_else(evidence: Path, home: Path) -> None:
    line = ["licet", "verify", f"{evidence}/{permit_of(home)}.jws", "--trust", f"{home}/trust"]
    program = (
        "import json, sys\nbefore = set(sys.modules)\nfrom licet.cli.main import main\n"
        f"sys.argv = {line!r}\n"
        "try:\n    main()\nexcept SystemExit as done:\n    assert done.code == 0\n"
        "print(json.dumps(sorted(set(sys.modules) - before)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)

    loaded = json.loads(done.stderr.splitlines()[-1])
    foreign = {name.partition(".")[0] for name in loaded} - set(sys.stdlib_module_names) - {"licet"}
    assert foreign <= {"click", "cryptography", "_cffi_backend", "_openssl"}
    assert {"socket", "ssl", "http", "urllib.request", "asyncio", "sqlite3"} & set(loaded) == set()


def test_export_never_overwrites_other_bytes(evidence: Path, home: Path) -> None:
    receipt_id = permit_of(home)
    again = licet("receipt", "export", receipt_id, "-o", str(evidence), "--home", str(home))
    (evidence / f"{receipt_id}.jws").write_bytes(b"mine")
    differing = licet("receipt", "export", receipt_id, "-o", str(evidence), "--home", str(home))

    assert again.code == 0, "equal bytes are fine"
    assert differing.code == 2
    assert (evidence / f"{receipt_id}.jws").read_bytes() == b"mine"


def test_show_says_what_was_asked_and_what_became_of_it(evidence: Path, home: Path) -> None:
    done = licet("receipt", "show", permit_of(home), "--home", str(home))

    assert done.code == 0
    assert done.stdout.startswith("PERMIT permitted\n")
    for line in ("asked     payments.transfer transfer by agent/finance-bot", "claimed   never", "pay-small"):
        assert line in done.stdout
    assert "not verified" in done.stderr


def test_list_filters_and_pages(evidence: Path, home: Path) -> None:
    rows = licet("receipt", "list", "--jsonl", "--home", str(home)).stdout.splitlines()
    denied = licet("receipt", "list", "--outcome", "DENY", "--json", "--home", str(home)).json()
    one = licet("receipt", "list", "--limit", "1", "--home", str(home))

    assert [json.loads(row)["index"] for row in rows] == [3, 2, 1, 0]
    assert [row["reason"] for row in denied["receipts"]] == ["forbidden"]  # type: ignore[attr-defined]  # a list
    assert len(one.stdout.splitlines()) == 1
    assert (
        licet("receipt", "list", "--surface", "nowhere", "--home", str(home)).stderr == "no receipt matches\n"
    )


def test_the_log_is_recomputed_from_its_stored_bytes(evidence: Path, home: Path) -> None:
    done = licet("log", "verify", "--home", str(home))

    assert done.code == 0
    assert done.stdout.startswith("VERIFIED  4 of 4 receipts recomputed")
    assert licet("log", "verify", "--json", "--home", str(home)).json()["problems"] == []


def test_the_checkpoint_is_printed_byte_for_byte(home: Path) -> None:
    done = licet("log", "checkpoint", "--home", str(home))

    assert done.code == 0
    assert done.stdout.encode() == (home / "data" / "last-checkpoint").read_bytes()


def test_a_receipt_changed_in_the_store_is_found_and_named(evidence: Path, home: Path) -> None:
    with closing(sqlite3.connect(home / "data" / "licet.db")) as database, database:
        (jws,) = database.execute("SELECT jws FROM receipts WHERE idx = 2").fetchone()
        flipped = jws[:-1] + ("A" if jws[-1] != "A" else "Q")
        database.execute("UPDATE receipts SET jws = ? WHERE idx = 2", (flipped,))

    done = licet("log", "verify", "--home", str(home))

    assert done.code == 10
    assert "leaf 2" in done.stderr


class OneAnswer:
    """An authority that gives one answer to everything."""

    def __init__(self, document: dict[str, object]) -> None:
        self.body = json.dumps(document).encode()

    def exchange(self, method: str, path: str, body: bytes, headers: object) -> Exchanged:
        return Exchanged(status=200, headers={}, body=self.body)

    def close(self) -> None:
        """Nothing is open."""


def test_problems_of_the_log_are_listed_and_are_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = {"index": 2, "code": "leaf_differs", "detail": "the stored receipt hashes to another leaf"}
    report = {"origin": "o", "size": 5, "root": "sha256:00", "checked": 5, "problems": [problem]}
    line = Line(OneAnswer(report), "one answer")
    monkeypatch.setattr("licet.cli.logs.connected", lambda reach, environment: closing(line))

    told = licet("log", "verify")
    data = licet("log", "verify", "--json")

    assert (told.code, data.code) == (10, 10)
    assert told.stdout.startswith("FAILED  5 of 5 receipts recomputed: 1 problems")
    assert "  leaf 2  leaf_differs: the stored receipt hashes to another leaf" in told.stdout
    assert data.json() == report
