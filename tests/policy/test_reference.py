"""The reference evaluator against the published Cedar cases, and against its own traps."""

from __future__ import annotations

import json

import cedarpy
import pytest

from licet.policy.engine import EngineFailure, EngineResult, EvaluationInput, Slice, Verdict
from licet.policy.mapping import outcome_of
from licet.policy.reference import REFERENCE, Handles, ReferenceEngine
from licet.protocol.types import Action, EntityRef, Outcome, Reason, Surface
from sample_bundles import PERMIT, small
from third_party import vectors

CASES, REQUESTS = 60, 423


def cases():
    files = sorted((vectors("cedar") / "cases").glob("*.json"))
    return [json.loads(file.read_text(encoding="utf-8")) for file in files]


def handles(case, *, validate: bool) -> Handles:
    schema = cedarpy.Schema.from_str(case["schema"])
    return Handles(
        policies=cedarpy.PolicySet.from_str(case["policies"]),
        entities=cedarpy.Entities.from_json_str(json.dumps(case["entities"]), schema),
        schema=schema if validate else None,
    )


def ask(engine: Handles, request) -> EngineResult:
    refs = {name: EntityRef(**request[name]) for name in ("principal", "action", "resource")}
    return engine.ask(**refs, context=request["context"])


def expected_outcome(request) -> tuple[Outcome, Reason]:
    if request["decision"] == "deny" and request["reason"]:
        return Outcome.DENY, Reason.FORBIDDEN
    if request["errors"]:
        return Outcome.SILENCE, Reason.INDETERMINATE
    if request["decision"] == "allow":
        return Outcome.PERMIT, Reason.PERMITTED
    return Outcome.SILENCE, Reason.NO_PERMIT


def test_every_published_request_gets_cedars_own_answer_and_our_outcome():
    asked = errored = determined = 0
    for case in cases():
        for request in case["requests"]:
            result = ask(handles(case, validate=request.get("validateRequest", False)), request)
            asked += 1
            errored += bool(result.errored)
            determined += bool(result.determining)
            place = (case["name"], request["description"])
            assert result.verdict.value == request["decision"], place
            assert set(result.determining) == set(request["reason"]), place
            assert set(result.errored) == set(request["errors"]), place
            assert outcome_of(result) == expected_outcome(request), place

    assert (asked, determined, errored) == (REQUESTS, 160, 25)


def test_every_published_case_validates_as_it_should():
    found = [
        cedarpy.validate_policies(case["policies"], case["schema"]).validation_passed
        is case["shouldValidate"]
        for case in cases()
    ]

    assert len(found) == CASES
    assert all(found)
    assert sum(not case["shouldValidate"] for case in cases()) == 20


def door(policies: str = PERMIT, *, surface: str = "door.open", context: object = None) -> EngineResult:
    facts = {"now": {"__extn": {"fn": "datetime", "arg": "2026-11-23T09:00:00.000Z"}}}
    asked = EvaluationInput(
        surface=Surface(surface),
        action=Action("open"),
        principal=EntityRef(type="Agent", id='bot"`: x'),
        context=context or {"facts": facts, "parameters": {"count": 5}, "request": {}},
    )
    return small(policies).engine.evaluate(asked)


def test_ids_are_those_of_the_author():
    assert door().determining == ("open-few",)


def test_many_ids_are_sorted():
    rules = [PERMIT.replace("open-few", f"rule-{number}") for number in (3, 1, 2)]

    assert door("".join(rules)).determining == ("rule-1", "rule-2", "rule-3")


OVERFLOW = "context.parameters.count * 9007199254740991 * 9007199254740991 > 0"


def test_the_ids_of_failed_rules_are_read_from_the_texts():
    failing = "".join(
        PERMIT.replace("open-few", name).replace("context.parameters.count <= 10", OVERFLOW)
        for name in ("f.2", "f-1")
    )

    result = door(PERMIT + failing)

    assert result.errored == ("f-1", "f.2")
    assert result.verdict is Verdict.ALLOW
    assert any("integer overflow" in text for text in result.diagnostics)


@pytest.mark.parametrize(
    "context",
    [
        {"parameters": {"count": 5}, "request": {}, "facts": {}},
        {"parameters": {"count": "5"}, "request": {}, "facts": {}},
        {"parameters": {"count": None}},
        {"other": 1},
    ],
)
def test_a_context_outside_the_schema_is_no_answer(context):
    with pytest.raises(EngineFailure):
        door(context=context)


def test_a_surface_that_was_not_compiled_is_no_answer():
    with pytest.raises(EngineFailure, match=r"no rules were compiled for `door\.other`"):
        door(surface="door.other")


def answering(monkeypatch, document: dict[str, object]) -> EngineResult:
    monkeypatch.setattr(cedarpy, "is_authorized", lambda *_: cedarpy.AuthzResult(document))
    return door()


@pytest.mark.parametrize(
    "document",
    [
        {"decision": "NoDecision", "diagnostics": {"errors": ["x"]}},
        {"decision": "NoDecision"},
        {"decision": "Allow", "diagnostics": {"reason": []}},
        {"decision": "Allow", "diagnostics": {"reason": ["open-few"], "errors": ["policy `a` failed"]}},
        {
            "decision": "Allow",
            "diagnostics": {"reason": ["open-few"], "errors": ["x\nerror while evaluating policy `a`: "]},
        },
        {"decision": "Perhaps"},
        {},
    ],
)
def test_an_answer_that_cannot_be_read_is_no_answer(monkeypatch, document):
    with pytest.raises((EngineFailure, KeyError)):
        answering(monkeypatch, document)


def test_an_engine_that_raises_or_panics_is_no_answer(monkeypatch):
    panic = type("PanicException", (BaseException,), {"__module__": "pyo3_runtime"})
    for error in (RuntimeError("x"), panic("x"), MemoryError()):

        def fail(*_: object, error: BaseException = error) -> None:
            raise error

        monkeypatch.setattr(cedarpy, "is_authorized", fail)
        with pytest.raises(EngineFailure):
            door()


def test_an_interrupt_is_not_swallowed(monkeypatch):
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cedarpy, "is_authorized", interrupt)
    with pytest.raises(KeyboardInterrupt):
        door()


def test_an_answer_that_contradicts_itself_cannot_be_held():
    with pytest.raises(EngineFailure):
        EngineResult(verdict=Verdict.ALLOW, determining=(), errored=())
    with pytest.raises(EngineFailure):
        EngineResult(verdict=Verdict.DENY, determining=("b", "a"), errored=())
    with pytest.raises(EngineFailure):
        EngineResult(verdict=Verdict.DENY, determining=(), errored=("a", "a"))


def test_the_receipt_names_the_installed_engine():
    assert ReferenceEngine().evaluator == ReferenceEngine().reference == REFERENCE
    assert REFERENCE.startswith("cedarpy/4.12.")
    assert small().ref(3).evaluator == REFERENCE


def test_an_engine_that_refuses_the_schema_fails_the_compilation():
    broken = Slice(surface=Surface("door.open"), policies=(), schema="entity", entities=[])

    with pytest.raises(EngineFailure, match="refuses the surface"):
        ReferenceEngine().compile([broken])
