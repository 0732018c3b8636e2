"""One table from error class to exit code, and no code that means two things."""

from __future__ import annotations

import inspect

import pytest

from licet import errors
from licet.cli.exits import EXIT_OF, Exit, class_of_code, exit_of
from licet.errors import LicetError

KINDS = [kind for kind in vars(errors).values() if inspect.isclass(kind) and issubclass(kind, LicetError)]


@pytest.mark.parametrize("kind", KINDS)
def test_every_error_ends_with_a_code_that_is_no_permit(kind: type[LicetError]) -> None:
    assert exit_of(kind) in set(Exit)
    assert exit_of(kind) is not Exit.DONE
    assert exit_of(kind) not in {Exit.DENY, Exit.SILENCE, Exit.APPROVAL_REQUIRED}, "an error is no decision"


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (errors.Malformed, 2),
        (errors.PermitExpired, 2),
        (errors.PolicyInvalid, 20),
        (errors.PolicyTestsFailed, 21),
        (errors.NotRecorded, 30),
        (errors.Unreachable, 30),
        (errors.HomeMissing, 2),
        (errors.ModeRefused, 2),
        (errors.AddressInUse, 2),
        (errors.HomeHeld, 1),
        (errors.StoreRefused, 1),
        (errors.StoreCorrupt, 10),
        (errors.StoreRewound, 10),
        (errors.StoreUnknown, 1),
        (errors.LogError, 10),
        (LicetError, 1),
    ],
)
def test_the_codes_are_those_of_the_protocol(kind: type[LicetError], code: int) -> None:
    assert exit_of(kind) == code


@pytest.mark.parametrize("kind", [kind for kind in KINDS if "code" in vars(kind)])
def test_a_code_over_http_comes_back_as_its_class(kind: type[LicetError]) -> None:
    found = class_of_code(kind.code)

    assert found is not None
    assert found.code == kind.code
    assert exit_of(found) in set(Exit)


def test_a_code_nobody_knows_has_no_class() -> None:
    assert class_of_code("made_up") is None


def test_no_line_of_the_table_is_idle() -> None:
    assert all(exit_of(kind) is code for kind, code in EXIT_OF.items())
