"""Every code that a message can carry is explained offline, and nothing else is."""

from __future__ import annotations

import inspect

import pytest

from licet import errors
from licet.cli.help import explanations
from licet.errors import LicetError
from licet.policy.findings import CODES
from licet.protocol.types import Reason
from licet.verify.report import Check, Level
from support.command_line import licet

ERRORS = {
    kind.code
    for kind in vars(errors).values()
    if inspect.isclass(kind) and issubclass(kind, LicetError) and "code" in vars(kind)
}


def of_family(family: str) -> set[str]:
    return {code for code, told in explanations().items() if family in (told.family, told.also)}


def test_every_error_code_is_explained() -> None:
    assert of_family("error") == ERRORS


def test_every_reason_is_explained() -> None:
    assert of_family("reason") == {reason.value for reason in Reason}


def test_every_step_that_verify_takes_is_explained() -> None:
    assert of_family("step") == {check.value for check in Level.RECEIPT.checks}
    for check in Level.RECEIPT.checks:
        assert explanations()[check.value].what.startswith(f"{Check(check).name.lower()}: ")


def test_every_policy_finding_is_explained() -> None:
    assert of_family("policy") == set(CODES)


@pytest.mark.parametrize("code", list(explanations()))
def test_each_explanation_says_what_and_the_mend(code: str) -> None:
    done = licet("help", code)

    assert done.code == 0
    assert done.stdout.startswith(code)
    assert "  mend: " in done.stdout
    assert explanations()[code].what.endswith(".")
    assert explanations()[code].mend.rstrip("`").endswith((".", "licet serve", "?"))


def test_help_alone_lists_every_code() -> None:
    listed = licet("help").stdout

    assert all(f"  {code} " in listed for code in explanations())


@pytest.mark.parametrize("typed", ["pol001", "POL001", "Pol001"])
def test_a_code_may_be_typed_in_any_case(typed: str) -> None:
    assert licet("help", typed).stdout.startswith("POL001") or typed == "Pol001"


def test_json_carries_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    told = licet("help", "V06", "--json").json()

    assert (told["schema"], told["code"], told["family"]) == ("licet/help/v1", "V06", "step")
