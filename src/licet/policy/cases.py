"""The tests that a bundle carries: ``tests/*.toml`` (``policy.md`` 6).

::

    [defaults]                            # merged under every case of the file, member by member
    request = { surface = "payments.transfer", action = "transfer", actor = { type = "agent", id = "bot" } }
    facts = { now = "2026-11-23T09:00:00Z" }

    [[case]]
    name = "40.00 USD is permitted"
    request = { parameters = { amount_minor = 4000, currency = "USD", payee = "acme" } }
    expect = { outcome = "PERMIT", policies = ["pay-small"] }

Facts of the clock and of calendars follow from ``now``; a case may set them itself.
"""

from __future__ import annotations

from dataclasses import dataclass

from licet.errors import Malformed
from licet.policy import limits
from licet.policy.findings import Findings, Place
from licet.policy.instants import instant_ms
from licet.policy.toml_source import Keys, TomlSource
from licet.protocol.ids import POLICY_ID
from licet.protocol.parse import request_of
from licet.protocol.types import ExecutionRequest, JsonObject, JsonValue, Outcome, Reason

_CASE_KEY = "policy-test"


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """What a case demands; None demands nothing. ``policies`` are sorted."""

    outcome: Outcome
    reason: Reason | None
    policies: tuple[str, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One test: a request at an instant under facts, and the answer it must get."""

    name: str
    place: Place
    request: ExecutionRequest
    now_ms: int
    facts: JsonObject
    expect: Expectation

    def label(self) -> str:
        """``limits/800 USD is silent``: the file's stem, then the name."""
        stem = self.place.file.rsplit("/", 1)[-1].removesuffix(".toml")
        return f"{stem}/{self.name}"


def read_cases(source: TomlSource, findings: Findings) -> tuple[Case, ...]:
    """The cases in ``source``; faults become findings."""
    keys = Keys(source, (), source.document, findings)
    defaults = _defaults(keys.table("defaults"))
    cases = [_case(table, defaults) for table in keys.tables("case", items_max=limits.CASES_MAX)]
    keys.end()
    names = [case.name for case in cases if case is not None]
    for case in cases:
        if case is not None and names.count(case.name) > 1:
            findings.error("POL026", case.place, f"two cases are named `{case.name}`", "rename one")
    return tuple(case for case in cases if case is not None)


def _defaults(table: Keys | None) -> JsonObject:
    if table is None:
        return {}
    found = {name: table.value(name, {}) for name in ("request", "facts")}
    table.end()
    return found


def _case(table: Keys, defaults: JsonObject) -> Case | None:
    place = table.source.place(table.path)
    name = table.text("name", chars_max=limits.TEXT_CHARS_MAX)
    request = _request(table, _merged(defaults.get("request"), table.value("request", {})))
    facts = _merged(defaults.get("facts"), table.value("facts", {}))
    expect = _expectation(table)
    table.end()
    now_ms = _now_ms(table, facts)
    if request is None or expect is None or now_ms is None or not isinstance(facts, dict):
        return None
    given = {name: value for name, value in facts.items() if name != "now"}
    return Case(name=name, place=place, request=request, now_ms=now_ms, facts=given, expect=expect)


def _request(table: Keys, document: JsonValue) -> ExecutionRequest | None:
    if isinstance(document, dict):
        document = {"idempotency_key": _CASE_KEY, **document}
    try:
        return request_of(document)
    except Malformed as fault:
        where = fault.pointer or "the request"
        table.fault("request", f"{where}: {fault.message}", fault.mend)
        return None


def _now_ms(table: Keys, facts: JsonValue) -> int | None:
    now = facts.get("now") if isinstance(facts, dict) else None
    now_ms = instant_ms(now) if isinstance(now, str) else None
    if now_ms is None or now_ms < 0:
        table.fault(
            "facts", "`facts.now` is not an instant", 'write facts = { now = "2026-11-23T09:00:00Z" }'
        )
        return None
    return now_ms


def _expectation(table: Keys) -> Expectation | None:
    expect = table.table("expect")
    if expect is None:
        mend = 'write expect = { outcome = "PERMIT" }'
        table.fault(None, "the case expects nothing", mend, code="POL023")
        return None
    outcome = expect.choice("outcome", tuple(Outcome), "") if expect.has("outcome") else ""
    reason = expect.choice("reason", tuple(Reason), "") if expect.has("reason") else None
    policies = None
    if expect.has("policies"):
        policies = expect.strings(
            "policies", items_max=limits.POLICIES_MAX, chars_max=limits.NAME_CHARS_MAX, grammar=POLICY_ID
        )
    expect.end()
    if outcome not in set(Outcome):
        expect.fault(None, "the case expects no outcome", f"write one of {', '.join(Outcome)}", code="POL023")
        return None
    return Expectation(
        outcome=Outcome(outcome),
        reason=Reason(reason) if reason else None,
        policies=None if policies is None else tuple(sorted(policies)),
    )


def _merged(under: JsonValue, over: JsonValue) -> JsonValue:
    """``over`` laid over ``under``, table by table; everything else is replaced whole."""
    if not isinstance(under, dict) or not isinstance(over, dict):
        return under if over is None else over
    return {**under, **{name: _merged(under.get(name), value) for name, value in over.items()}}
