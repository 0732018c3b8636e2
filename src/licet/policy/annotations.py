"""The annotations of a statement: which exist, what their values are, and what each effect may carry."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from licet.policy import limits
from licet.policy.findings import Findings
from licet.policy.statements import Statement
from licet.policy.toml_source import did_you_mean, text_problem
from licet.protocol.ids import POLICY_ID
from licet.protocol.limits import OBLIGATIONS_MAX, PERMIT_TTL_S_MAX

KNOWN: Final = ("id", "reason", "owner", "severity", "control", "obligation", "ttl")
_LATER: Final = ("approval",)
_PERMIT_ONLY: Final = ("obligation", "ttl")
_OBLIGATION = re.compile(r"[a-z][a-z0-9_-]{0,63}(:[A-Za-z0-9._/@:-]{1,128})?")
_TTL = re.compile(r"PT([0-9]{1,3})S")


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotations:
    """What the author wrote beside a rule. ``obligations`` are sorted; ``ttl_s`` only shortens."""

    id: str
    reason: str | None
    owner: str | None
    severity: str | None
    control: str | None
    obligations: tuple[str, ...]
    ttl_s: int | None


def read_annotations(
    statement: Statement, effect: str, written: Mapping[str, str], findings: Findings
) -> Annotations | None:
    """The annotations ``written`` on ``statement``; None when it has no usable ``@id``."""
    reader = _Reader(statement, written, findings)
    reader.check_names(effect)
    if effect == "forbid" and "reason" not in written:
        reader.fault(
            "POL005", "forbid", "a forbid has no @reason", 'say why people are refused: @reason("...")'
        )
    policy_id = reader.policy_id()
    if policy_id is None:
        return None
    return Annotations(
        id=policy_id,
        reason=reader.text("reason"),
        owner=reader.text("owner"),
        severity=reader.text("severity"),
        control=reader.text("control"),
        obligations=reader.obligations(),
        ttl_s=reader.ttl_s(),
    )


class _Reader:
    """Reads the annotations of one statement; faults become findings on it."""

    __slots__ = ("_findings", "_statement", "_written")

    def __init__(self, statement: Statement, written: Mapping[str, str], findings: Findings) -> None:
        self._statement = statement
        self._written = written
        self._findings = findings

    def fault(self, code: str, word: str, problem: str, mend: str) -> None:
        """Report ``problem`` at ``word``, else at the statement's first line."""
        hit = self._statement.find(word)
        place = hit[0] if hit else self._statement.place()
        self._findings.error(code, place, problem, mend, statement=self._written.get("id"))

    def check_names(self, effect: str) -> None:
        """Refuse annotations that nobody would act on."""
        if len(self._written) > limits.ANNOTATIONS_MAX:
            mend = f"keep it to {limits.ANNOTATIONS_MAX}"
            self.fault("POL006", "@id", f"{len(self._written)} annotations", mend)
            return
        for name in self._written:
            if name in _LATER:
                mend = "leave it out: nothing asks for approvals yet"
                self.fault("POL009", f"@{name}", f"`@{name}` is not in this version", mend)
            elif name not in KNOWN:
                self.fault(
                    "POL006", f"@{name}", f"the annotation `@{name}` is unknown", did_you_mean(name, KNOWN)
                )
            elif name in _PERMIT_ONLY and effect == "forbid":
                self.fault("POL007", f"@{name}", f"`@{name}` on a forbid means nothing", "put it on a permit")

    def policy_id(self) -> str | None:
        """The ``@id``: a back-tick in it would corrupt the engine's messages, so its grammar is narrow."""
        value = self._written.get("id")
        if value is None:
            mend = 'write @id("pay-small") before it: receipts name rules by id'
            self._findings.error("POL002", self._statement.place(), "the statement has no @id", mend)
            return None
        if POLICY_ID.fullmatch(value) is None:
            self.fault("POL003", "@id", f"`{value[:64]}` is not a policy id", f"match {POLICY_ID.pattern}")
            return None
        return value

    def text(self, name: str) -> str | None:
        """A text for people: 1 to 300 printable characters."""
        value = self._written.get(name)
        if value is not None and (problem := text_problem(value, limits.TEXT_CHARS_MAX, None)):
            self.fault("POL007", f"@{name}", f"`@{name}`: {problem[0]}", problem[1])
        return value

    def obligations(self) -> tuple[str, ...]:
        """The obligations, separated by commas: ``notify:secops, dual-log``."""
        value = self._written.get("obligation")
        if value is None:
            return ()
        found = sorted({part.strip() for part in value.split(",")})
        bad = next((part for part in found if _OBLIGATION.fullmatch(part) is None), None)
        if bad is not None:
            self.fault(
                "POL007", "@obligation", f"`{bad[:64]}` is not an obligation", f"match {_OBLIGATION.pattern}"
            )
        if len(found) > OBLIGATIONS_MAX:
            self.fault("POL007", "@obligation", f"{len(found)} obligations", f"keep it to {OBLIGATIONS_MAX}")
        return tuple(found)

    def ttl_s(self) -> int | None:
        """The ``@ttl`` in seconds: an ISO 8601 duration of whole seconds."""
        value = self._written.get("ttl")
        if value is None:
            return None
        match = _TTL.fullmatch(value)
        ttl_s = int(match.group(1)) if match else 0
        if not 1 <= ttl_s <= PERMIT_TTL_S_MAX:
            mend = f'write "PT1S" to "PT{PERMIT_TTL_S_MAX}S"'
            self.fault("POL007", "@ttl", f"`{value[:64]}` is not a time to live", mend)
        return ttl_s
