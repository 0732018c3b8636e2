"""The exit codes of ``protocol.md`` 5, and the one table from an error's class to its code.

0 means PERMIT, done or verified and nothing else; 1 counts as no permit. DENY, SILENCE and "needs
approval" never share a number, and neither do FAILED and CANNOT VERIFY.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final

from licet import errors
from licet.errors import LicetError


class Exit(IntEnum):
    """Every code a verb ends with."""

    DONE = 0
    INTERNAL = 1
    USAGE = 2
    DENY = 3
    SILENCE = 4
    APPROVAL_REQUIRED = 5
    FAILED = 10
    CANNOT_VERIFY = 11
    CHECK_FAILED = 12
    POLICY_INVALID = 20
    POLICY_TESTS_FAILED = 21
    UNREACHABLE = 30
    INTERRUPTED = 130


EXIT_OF: Final[dict[type[LicetError], Exit]] = {
    LicetError: Exit.INTERNAL,
    errors.FixTheCall: Exit.USAGE,
    errors.LogError: Exit.FAILED,
    errors.PolicyInvalid: Exit.POLICY_INVALID,
    errors.PolicyTestsFailed: Exit.POLICY_TESTS_FAILED,
    errors.AskAgain: Exit.UNREACHABLE,
    errors.StopHere: Exit.USAGE,
    # Not a configuration: the lock is held, or the database is of another build.
    errors.HomeHeld: Exit.INTERNAL,
    errors.DatabaseMissing: Exit.INTERNAL,
    errors.StoreRefused: Exit.INTERNAL,
    # Nothing is wrong with it as far as this version can tell, and nothing follows from it.
    errors.UnknownValue: Exit.CANNOT_VERIFY,
    errors.RaiseTheAlarm: Exit.FAILED,
    # The commit's fate is unknown: a supervisor restarts this process, which then looks.
    errors.StoreUnknown: Exit.INTERNAL,
}
"""A class that is not named here ends like the nearest class above it."""


def exit_of(kind: type[LicetError]) -> Exit:
    """The exit code that belongs to an error class."""
    return next(EXIT_OF[base] for base in kind.__mro__ if base in EXIT_OF)


def class_of_code(code: str) -> type[LicetError] | None:
    """The error class a stable code names: how the problem document of a served authority comes back.

    A class that only inherits its parent's code does not answer for it.
    """
    known = [LicetError]
    for kind in known:
        if kind.code == code and "code" in vars(kind):
            return kind
        known.extend(kind.__subclasses__())
    return None
