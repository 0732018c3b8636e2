"""What is wrong with an input, told at every door: its status or exit code, its code, and the exact mend.

No two rows share code and mend: whoever reads the message knows which mistake it was. The rows are in
``support/bad_calls.py`` and ``support/broken_homes.py``.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from licet import embedded
from licet.cli.remote import Exchanged
from licet.errors import LicetError
from licet.protocol.parse import parse_decision_ask
from support.bad_calls import HTTP, JSON, Door, Told
from support.broken_homes import CLI, Broken, bad_bundle, on
from support.command_line import Ran, Served, licet, licet_process, served
from support.vectors import BadRequest, bad_requests

SLOW = """
[surface]
name = "payments.slow"
actions = ["transfer"]
audience = "payments-executor"
permit_ttl_s = 1

[parameters]
amount_minor = { type = "int" }
"""
OTHER = (
    SLOW.replace("payments.slow", "infra.apply")
    .replace("payments-executor", "infra-executor")
    .replace("= 1\n", "= 60\n")
)
RULES = """
@id("slow")
permit (principal, action, resource == Surface::"payments.slow");
@id("other")
permit (principal, action, resource == Surface::"infra.apply");
"""


def over_http(answer: Exchanged) -> Told:
    """The problem document of an HTTP answer."""
    problem = json.loads(answer.body)
    assert problem["status"] == answer.status
    return Told(status=problem["status"], code=problem["code"], mend=problem["mend"])


def over_cli(done: Ran, home: Path | None = None) -> Told:
    """The error of a command line; stderr says what ``--json`` says."""
    error = json.loads(done.stdout)["error"]
    assert f"error[{error['code']}]: " in done.stderr
    assert f"  mend: {error['mend']}\n" in done.stderr
    assert "Traceback" not in done.stderr
    mend = error["mend"] if home is None else error["mend"].replace(str(home), "HOME")
    return Told(status=done.code, code=error["code"], mend=mend)


@pytest.fixture(scope="module")
def origin_home() -> Iterator[Path]:
    """A home with three surfaces: the usual one, one whose permits last a second, one of another executor."""
    with tempfile.TemporaryDirectory(prefix="licet-t-") as folder:
        home = Path(folder) / "home"
        assert licet("init", str(home), "--template", "minimal", "--origin", "example.com/bad").code == 0
        bundle = Path(shutil.copytree(home / "bundle", Path(folder) / "bundle"))
        (bundle / "surfaces" / "slow.toml").write_text(SLOW)
        (bundle / "surfaces" / "other.toml").write_text(OTHER)
        (bundle / "policies" / "more.cedar").write_text(RULES)
        done = licet("policy", "activate", str(bundle), "--confirm", "2", "--home", str(home))
        assert done.code == 0, done.stdout + done.stderr
        yield home


@pytest.fixture(scope="module")
def authority(origin_home: Path) -> Iterator[Served]:
    with (
        tempfile.TemporaryDirectory(prefix="licet-t-") as folder,
        served(Path(shutil.copytree(origin_home, Path(folder) / "home"))) as running,
    ):
        yield running


@pytest.fixture
def home(origin_home: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="licet-t-") as folder:
        yield Path(shutil.copytree(origin_home, Path(folder) / "home"))


@pytest.mark.parametrize(("ask", "told"), HTTP.values(), ids=HTTP)
def test_over_http(ask: Callable[[Door], Exchanged], told: Told, authority: Served) -> None:
    assert over_http(ask(Door(authority))) == told


@pytest.mark.parametrize(("broken", "told"), CLI.values(), ids=CLI)
def test_at_the_command_line(broken: Broken, told: Told, home: Path) -> None:
    assert over_cli(broken(home), home) == told


def test_a_bundle_that_is_not_cedar_shows_its_finding_and_the_way_on(home: Path) -> None:
    folder = str(bad_bundle(home))

    told = licet_process("policy", "check", folder)
    data = licet_process("policy", "check", folder, "--json")
    activated = on(home, "policy", "activate", folder, "--confirm", "3")

    assert (told.code, data.code, activated.code) == (20, 20, 20)
    assert "error[POL001]: " in told.stdout
    assert "--> policies/payments.cedar:" in told.stdout
    assert "more: licet help POL001" in told.stdout
    assert json.loads(data.stdout)["findings"][0]["code"] == "POL001"


def test_no_two_rows_share_code_and_mend() -> None:
    rows = [(told.code, told.mend) for _, told in (*HTTP.values(), *CLI.values())]

    assert len(set(rows)) == len(rows)


# --- the same bytes at every door --------------------------------------------------------------------


@pytest.fixture(scope="module")
def opened(origin_home: Path) -> Iterator[embedded.Embedded]:
    with tempfile.TemporaryDirectory(prefix="licet-t-") as folder:
        copy = shutil.copytree(origin_home, Path(folder) / "home")
        with embedded.open(copy) as running:
            yield running


@pytest.mark.parametrize("case", bad_requests(), ids=lambda case: case.name)
def test_a_bad_request_is_refused_alike_at_every_door(
    case: BadRequest, authority: Served, opened: embedded.Embedded, tmp_path: Path
) -> None:
    with pytest.raises(LicetError) as parsed:
        parse_decision_ask(case.document)
    over_socket = json.loads(Door(authority).post("/v1/decisions", case.document).body)
    in_process = json.loads(opened.exchange("POST", "/v1/decisions", case.document, JSON).body)
    file = tmp_path / "request.json"
    file.write_bytes(case.document)
    token = str(authority.home / "data" / "owner.token")
    done = licet("authorize", "-f", str(file), "--url", authority.socket, "--token-file", token, "--json")
    told = json.loads(done.stdout)["error"]

    expected = (case.code, case.pointer)
    assert (parsed.value.code, parsed.value.pointer or "") == expected
    assert (over_socket["code"], over_socket.get("pointer", "")) == expected
    assert (in_process["code"], in_process.get("pointer", "")) == expected
    assert (told["code"], told.get("pointer", "")) == expected
    assert done.code == 2
