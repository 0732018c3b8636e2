"""What a verification found: every step, what was checked, what was not, and why.

FAILED means that something is wrong, CANNOT that something is missing; they never share a word, and
neither is success. Nothing here says "valid" (``evidence.md`` 1, rules 8 and 9).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from ..protocol.types import Digest, JsonObject, LeafIndex, Origin
from ..protocol.visible import visible
from ..receipt.read import Receipt

SCHEMA: Final = "licet/verify-report/v1"
EXIT_VERIFIED: Final = 0
EXIT_FAILED: Final = 10
EXIT_CANNOT: Final = 11

_DETAIL_CHARS_MAX: Final = 600


class Check(StrEnum):
    """The steps of ``evidence.md`` 5 by their codes."""

    COMPACT = "V01"
    HEADER = "V02"
    PAYLOAD = "V03"
    CANONICAL = "V04"
    KEY = "V05"
    SIGNATURE = "V06"
    LEAF = "V07"
    PROOF = "V08"
    CHECKPOINT = "V09"
    QUORUM = "V10"
    INCLUSION = "V11"
    KEY_INDEX = "V12"
    POLICY = "V13"
    DIGESTS = "V14"
    REPLAY = "V15"
    LINKS = "V16"

    @property
    def label(self) -> str:
        """The step's name beside its code: ``V06 signature``."""
        return f"{self.value} {self.name.lower()}"


class Status(StrEnum):
    """How one step ended. Only OK is good."""

    OK = "ok"
    FAILED = "failed"
    CANNOT = "cannot"
    NOT_EVALUATED = "not_evaluated"
    """Outside the level that was asked for."""
    SKIPPED = "skipped"
    """Inside the level, but what it needs did not stand."""


class Verdict(StrEnum):
    """The whole in one word."""

    VERIFIED = "verified"
    FAILED = "failed"
    CANNOT = "cannot"


_EXIT_CODES: Final[Mapping[Verdict, int]] = {
    Verdict.VERIFIED: EXIT_VERIFIED,
    Verdict.FAILED: EXIT_FAILED,
    Verdict.CANNOT: EXIT_CANNOT,
}


class Level(StrEnum):
    """How much was asked for. The level `enforce` is ``permit.py``."""

    RECEIPT = "receipt"
    AUDIT = "audit"

    @property
    def checks(self) -> tuple[Check, ...]:
        """The steps that must be OK."""
        everything = tuple(Check)
        return everything if self is Level.AUDIT else everything[: everything.index(Check.POLICY)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step; ``detail`` is safe to print, whoever wrote what it quotes."""

    check: Check
    status: Status
    detail: str

    def document(self) -> JsonObject:
        """The JSON form."""
        return {"code": self.check.value, "status": self.status.value, "detail": self.detail}


class Steps:
    """The steps of one verification while they are being taken."""

    __slots__ = ("_taken",)

    def __init__(self) -> None:
        self._taken: dict[Check, Step] = {}

    def note(self, check: Check, status: Status, detail: str) -> None:
        """Write down how ``check`` ended; a later word on the same step replaces the earlier one."""
        shown = visible(detail, chars_max=_DETAIL_CHARS_MAX)
        self._taken[check] = Step(check=check, status=status, detail=shown)

    def status(self, check: Check) -> Status | None:
        """How ``check`` ended; None before it is taken."""
        step = self._taken.get(check)
        return None if step is None else step.status

    def first_not_ok(self) -> Step | None:
        """The first step, in the order of their codes, that did not end well."""
        taken = (self._taken[check] for check in Check if check in self._taken)
        return next((step for step in taken if step.status is not Status.OK), None)

    def finish(self) -> tuple[Step, ...]:
        """All steps in order; what nobody took was skipped."""
        for check in Check:
            if check not in self._taken:
                self.note(check, Status.SKIPPED, "an earlier step did not stand")
        return tuple(self._taken[check] for check in Check)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The result. ``receipt``, ``origin`` and ``index`` hold only what was shown to be genuine."""

    level: Level
    steps: tuple[Step, ...]
    receipt: Receipt | None
    """None unless V01 to V06 are OK: nothing of an unproven receipt is worth printing."""
    origin: Origin | None
    index: LeafIndex | None
    """None unless checkpoint and inclusion are OK: a claimed index is not an index."""
    revocations_known_to: int
    """The tree size up to which the trust file knows of revoked keys."""
    trust_digest: Digest

    def __bool__(self) -> bool:
        """Refuse to be a condition: `if report:` would take FAILED for success.

        Raises:
            TypeError: always.
        """
        message = "a report is not a truth value: compare `.verdict is Verdict.VERIFIED`"
        raise TypeError(message)

    @property
    def verdict(self) -> Verdict:
        """FAILED wins over CANNOT; VERIFIED takes every step of the level, each of them OK."""
        if any(step.status is Status.FAILED for step in self.steps):
            return Verdict.FAILED
        passed = {step.check for step in self.steps if step.status is Status.OK}
        return Verdict.VERIFIED if passed.issuperset(self.level.checks) else Verdict.CANNOT

    @property
    def exit_code(self) -> int:
        """What a command line ends with."""
        return _EXIT_CODES[self.verdict]

    def step(self, check: Check) -> Step:
        """How one step ended."""
        return next(step for step in self.steps if step.check is check)

    def document(self) -> JsonObject:
        """The JSON result."""
        return {
            "schema": SCHEMA,
            "level": self.level.value,
            "verdict": self.verdict.value,
            "index": self.index,
            "origin": self.origin,
            "steps": [step.document() for step in self.steps],
            "revocations_known_to": self.revocations_known_to,
            "trust_digest": self.trust_digest,
        }
