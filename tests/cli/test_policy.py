"""A bundle is checked whole, tested, and becomes the active version only when its number is typed."""

from __future__ import annotations

import shutil
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from support.command_line import licet, licet_process, parameters, write_request


@pytest.fixture
def bundle(home: Path, tmp_path: Path) -> Path:
    """A copy of the active bundle, to be changed."""
    return Path(shutil.copytree(home / "bundle", tmp_path / "bundle"))


def change(bundle: Path, old: str, new: str, name: str = "policies/payments.cedar") -> None:
    file = bundle / name
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def lower_the_limit(bundle: Path) -> None:
    """Small is up to 90.00 from now on, in the rule and in its tests."""
    change(bundle, "<= 10000", "<= 9000")
    change(bundle, "amount_minor = 10000 }", "amount_minor = 9000 }", "tests/payments.toml")


@pytest.mark.parametrize("template", ["payments", "minimal"])
def test_a_starter_bundle_builds_without_a_warning_and_its_tests_hold(template: str, tmp_path: Path) -> None:
    home = tmp_path / "home"
    assert licet("init", str(home), "--template", template).code == 0

    checked = licet("policy", "check", str(home / "bundle"), "--json").json()
    tested = licet("policy", "test", str(home / "bundle"), "--json").json()

    assert checked["findings"] == []
    assert tested["failed"] == 0
    assert int(str(tested["passed"])) >= 8


def test_every_finding_is_shown_at_once_with_its_place(bundle: Path) -> None:
    change(bundle, '@reason("No agent pays more than 1,000.00 in one go")\n', "")
    change(bundle, "risk =", "rsk =", "surfaces/payments.toml")

    told = licet("policy", "check", str(bundle))

    assert told.code == 20
    assert told.stdout.count("error[POL") == 2
    assert "--> surfaces/payments.toml:" in told.stdout
    assert "mend: did you mean `risk`?" in told.stdout
    assert told.stdout.endswith("the active version is untouched\n")


def test_a_failing_test_says_what_was_asked_expected_and_got(bundle: Path, tmp_path: Path) -> None:
    change(bundle, "<= 10000", "<= 20000")
    junit = tmp_path / "junit.xml"

    told = licet("policy", "test", str(bundle), "--junit", str(junit))
    again = licet("policy", "test", str(bundle), "--filter", "payments/100.01*")

    assert (told.code, again.code) == (21, 21)
    for line in (
        "FAIL tests/payments",
        "  request ",
        "  expected  SILENCE no_permit",
        "  got       PERMIT permitted",
    ):
        assert line in told.stdout
    assert "0 of 1 tests hold" in again.stdout
    suite = ET.parse(junit).getroot()[0]  # noqa: S314 - our own file
    assert (suite.get("tests"), suite.get("failures"), len(suite)) == ("10", "1", 10)


def test_a_tab_in_policy_text_does_not_shift_the_mark(bundle: Path) -> None:
    change(
        bundle,
        "when { context.parameters.amount_minor <= 10000 };",
        "\twhen { context.parameters.amnt <= 1 };",
    )

    told = licet("policy", "check", str(bundle)).stdout.splitlines()

    at = next(number for number, line in enumerate(told) if "when { context" in line)
    assert "<U+0009>" not in told[at]
    assert told[at].index("amnt") == told[at + 1].index("^")


def test_activation_wants_the_version_typed(home: Path, bundle: Path) -> None:
    lower_the_limit(bundle)

    silent = licet("policy", "activate", str(bundle), "--home", str(home))
    wrong = licet("policy", "activate", str(bundle), "--home", str(home), "--confirm", "1")
    right = licet("policy", "activate", str(bundle), "--home", str(home), "--confirm", "2")

    assert (silent.code, wrong.code, right.code) == (2, 2, 0)
    assert "  mend: add `--confirm 2`" in silent.stderr
    assert right.stdout.startswith("done  minimal version 2 is active\n")
    assert licet("receipt", "list", "--kind", "bundle", "--home", str(home)).stdout.count("bundle") == 2


def test_the_new_version_decides_from_then_on_and_is_named_in_receipts(
    home: Path, bundle: Path, tmp_path: Path
) -> None:
    lower_the_limit(bundle)
    licet("policy", "activate", str(bundle), "--home", str(home), "--confirm", "2")
    request = write_request(tmp_path, parameters=parameters(amount_minor=9_500))

    done = licet("authorize", "-f", str(request), "--home", str(home))
    listed = licet("receipt", "list", "--limit", "1", "--jsonl", "--home", str(home)).json()
    shown = licet("receipt", "show", str(listed["receipt_id"]), "--home", str(home))

    assert done.code == 4
    assert "policy    minimal version 2: no rule" in shown.stdout


def test_a_bundle_whose_tests_fail_is_never_uploaded(home: Path, bundle: Path) -> None:
    change(bundle, "<= 10000", "<= 20000")

    done = licet("policy", "activate", str(bundle), "--home", str(home), "--confirm", "2")

    assert done.code == 21
    assert licet("receipt", "list", "--kind", "bundle", "--home", str(home)).stdout.count("bundle") == 1


def test_the_active_bundle_is_not_activated_again(home: Path) -> None:
    done = licet("policy", "activate", "--home", str(home), "--confirm", "2")

    assert done.code == 2
    assert "active already, as version 1" in done.stderr


def test_going_back_needs_a_reason(home: Path, bundle: Path) -> None:
    lower_the_limit(bundle)
    licet("policy", "activate", str(bundle), "--home", str(home), "--confirm", "2")

    silent = licet("policy", "activate", "--home", str(home), "--confirm", "3")
    told = licet("policy", "activate", "--home", str(home), "--confirm", "3", "--reason", "FIN-9", "--json")

    assert (silent.code, told.code) == (2, 0)
    assert told.json()["version"] == 3


def test_the_root_key_may_lie_elsewhere(home: Path, bundle: Path, tmp_path: Path) -> None:
    lower_the_limit(bundle)
    key = tmp_path / "root.pem"
    (home / "data" / "keys" / "root.pem").rename(key)

    without = licet("policy", "activate", str(bundle), "--home", str(home), "--confirm", "2")
    with_key = licet(
        "policy", "activate", str(bundle), "--home", str(home), "--confirm", "2", "--root-key", str(key)
    )

    assert (without.code, with_key.code) == (2, 0)


def test_a_key_that_is_not_the_root_activates_nothing(home: Path, bundle: Path) -> None:
    lower_the_limit(bundle)
    key = str(home / "data" / "keys" / "log.pem")

    done = licet("policy", "activate", str(bundle), "--home", str(home), "--confirm", "2", "--root-key", key)

    assert done.code == 2
    assert "error[not_allowed]" in done.stderr


def test_check_finds_the_bundle_of_this_folder_or_this_home(home: Path, tmp_path: Path) -> None:
    in_home = licet_process("policy", "check", cwd=home)
    in_bundle = licet_process("policy", "check", cwd=home / "bundle")
    nowhere = licet_process("policy", "check", cwd=tmp_path)

    assert (in_home.code, in_bundle.code, nowhere.code) == (0, 0, 2)
    assert in_home.stdout == in_bundle.stdout
