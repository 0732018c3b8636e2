"""The safety rule, row by row (policy.md 4)."""

from __future__ import annotations

import pytest

from licet.policy.build import build_bundle
from licet.policy.compiled import CompiledBundle
from licet.policy.engine import EngineFailure, EngineResult, Verdict
from licet.policy.evaluate import evaluate
from licet.policy.mapping import outcome_of
from licet.protocol.limits import TEXT_CHARS_MAX
from licet.protocol.types import Decision, Outcome, Reason
from sample_bundles import FORBID, NOW_MS, PERMIT, SURFACE, door_request, small

FAILS = "context.parameters.count * 9007199254740991 * 9007199254740991 > 0"
FAILING_FORBID = FORBID.replace("open-many", "forbid-fails").replace("context.parameters.count > 50", FAILS)
FAILING_PERMIT = PERMIT.replace("open-few", "permit-fails").replace("context.parameters.count <= 10", FAILS)


def decision(compiled: CompiledBundle, request=None, facts=None) -> Decision:
    facts = {"now": NOW_MS} if facts is None else facts
    return evaluate(compiled, request or door_request(), facts, compiled.ref(1)).decision


def got(compiled: CompiledBundle, request=None, facts=None) -> tuple[str, str]:
    answer = decision(compiled, request, facts)
    return answer.outcome.value, answer.reason.value


ROWS = [
    (Verdict.ALLOW, ("a",), (), "PERMIT", "permitted"),
    (Verdict.ALLOW, ("a",), ("b",), "SILENCE", "indeterminate"),
    (Verdict.DENY, ("a",), (), "DENY", "forbidden"),
    (Verdict.DENY, ("a",), ("b",), "DENY", "forbidden"),
    (Verdict.DENY, (), (), "SILENCE", "no_permit"),
    (Verdict.DENY, (), ("b",), "SILENCE", "indeterminate"),
]


@pytest.mark.parametrize(("verdict", "determining", "errored", "outcome", "reason"), ROWS)
def test_an_answer_of_the_engine_has_one_meaning(verdict, determining, errored, outcome, reason):
    result = EngineResult(verdict=verdict, determining=determining, errored=errored)

    assert outcome_of(result) == (Outcome(outcome), Reason(reason))


def test_no_answer_is_indeterminate():
    assert outcome_of(None) == (Outcome.SILENCE, Reason.INDETERMINATE)


def test_a_permit_alone_permits():
    answer = decision(small(PERMIT))

    assert (answer.outcome, answer.reason) == (Outcome.PERMIT, Reason.PERMITTED)
    assert answer.determining == ("open-few",)
    assert [said.text for said in answer.explanation] == ["A few may be opened"]


def test_a_forbid_that_errors_beside_a_permit_is_silence():
    answer = decision(small(PERMIT + FAILING_FORBID))

    assert (answer.outcome, answer.reason) == (Outcome.SILENCE, Reason.INDETERMINATE)
    assert answer.errored == ("forbid-fails",)
    assert (answer.determining, answer.audience, answer.permit_ttl_s) == ((), None, None)


def test_a_permit_that_errors_beside_a_permit_is_silence():
    assert got(small(PERMIT + FAILING_PERMIT)) == ("SILENCE", "indeterminate")


def test_a_forbid_denies_although_another_rule_errors():
    answer = decision(small(FORBID + FAILING_PERMIT), door_request(51))

    assert (answer.outcome, answer.reason) == (Outcome.DENY, Reason.FORBIDDEN)
    assert (answer.determining, answer.errored) == (("open-many",), ("permit-fails",))


def test_nothing_matched_is_no_permit():
    assert got(small(), door_request(11)) == ("SILENCE", "no_permit")


def test_nothing_matched_and_something_errored_is_indeterminate():
    assert got(small(FAILING_PERMIT)) == ("SILENCE", "indeterminate")


def test_a_request_outside_the_declaration_is_invalid_and_says_where():
    answer = decision(small(), door_request(101))

    assert (answer.outcome, answer.reason) == (Outcome.SILENCE, Reason.REQUEST_INVALID)
    assert answer.explanation[0].text == "/parameters/count: 101 is out of range (mend: send 1 to 100)"
    assert answer.explanation[0].policy == ""


def test_a_refusal_never_says_more_than_an_answer_can_carry():
    answer = decision(small(), door_request(parameters={"count": 5, "x" * 9_000: 1}))

    assert answer.reason is Reason.REQUEST_INVALID
    assert len(answer.explanation[0].text) == TEXT_CHARS_MAX


def test_an_undeclared_surface_is_unknown():
    assert got(small(), door_request(surface="door.shut")) == ("SILENCE", "surface_unknown")


@pytest.mark.parametrize(
    "facts", [{}, {"now": "x"}, {"now": -1}, {"now": True}, {"now": 2**52}, {"now": NOW_MS, "more": 1}]
)
def test_facts_that_a_source_failed_to_give_are_state_unavailable(facts):
    assert got(small(), facts=facts) == ("SILENCE", "state_unavailable")


class Engine:
    """An engine that answers, or fails, as the test wants."""

    def __init__(self, answer: EngineResult | Exception) -> None:
        self.answer = answer

    @property
    def evaluator(self) -> str:
        return "fake/1"

    reference = evaluator

    def compile(self, slices: object) -> Engine:
        return self

    def evaluate(self, asked: object) -> EngineResult:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def under(answer: EngineResult | Exception, policies: str = PERMIT + FORBID) -> Decision:
    return decision(build_bundle(small(policies).bundle, Engine(answer)))


@pytest.mark.parametrize(
    "answer",
    [
        EngineFailure("no decision"),
        RuntimeError("a bug"),
        RecursionError(),
        MemoryError(),
        EngineResult(verdict=Verdict.ALLOW, determining=("nobody",), errored=()),
        EngineResult(verdict=Verdict.ALLOW, determining=("open-many",), errored=()),
        EngineResult(verdict=Verdict.DENY, determining=("open-few",), errored=()),
        EngineResult(verdict=Verdict.DENY, determining=(), errored=tuple(f"e{n:03}" for n in range(257))),
    ],
)
def test_an_engine_that_fails_or_contradicts_the_bundle_is_indeterminate(answer):
    got = under(answer)

    assert (got.outcome, got.reason, got.determining) == (Outcome.SILENCE, Reason.INDETERMINATE, ())


def test_as_many_rules_as_a_receipt_holds_are_still_named():
    names = tuple(f"e{n:03}" for n in range(256))

    assert under(EngineResult(verdict=Verdict.DENY, determining=(), errored=names)).errored == names


def test_a_permit_that_the_surface_does_not_list_is_no_permit():
    closed = small(surface=SURFACE.replace("[parameters]", 'outcomes = ["DENY", "SILENCE"]\n[parameters]'))

    assert got(closed) == ("SILENCE", "no_permit")
    assert got(closed, door_request(51)) == ("DENY", "forbidden")


def test_a_denial_that_the_surface_does_not_list_is_no_permit():
    mild = small(surface=SURFACE.replace("[parameters]", 'outcomes = ["PERMIT", "SILENCE"]\n[parameters]'))

    assert got(mild, door_request(51)) == ("SILENCE", "no_permit")
    assert got(mild) == ("PERMIT", "permitted")


OBSERVING = SURFACE.replace("[parameters]", 'mode = "observe"\n[parameters]')


@pytest.mark.parametrize(
    ("count", "outcome", "reason", "determining"),
    [
        (5, "PERMIT", "permitted", ("open-few",)),
        (51, "DENY", "forbidden", ("open-many",)),
        (11, "SILENCE", "no_permit", ()),
        (0, "SILENCE", "request_invalid", ()),
    ],
)
def test_an_observed_surface_never_permits_and_says_what_it_would(count, outcome, reason, determining):
    answer = decision(small(surface=OBSERVING), door_request(count))

    assert (answer.outcome, answer.reason) == (Outcome.SILENCE, Reason.OBSERVED)
    assert (answer.would.outcome.value, answer.would.reason.value) == (outcome, reason)
    assert answer.determining == determining
    assert (answer.audience, answer.permit_ttl_s, answer.obligations) == (None, None, ())


def test_an_observed_closed_surface_would_be_silent():
    closed = OBSERVING.replace("[parameters]", 'outcomes = ["SILENCE"]\n[parameters]')

    assert decision(small(surface=closed)).would.reason is Reason.NO_PERMIT


def permits(**annotations: str) -> str:
    extra = "".join(f'@{name}("{value}")\n' for name, value in annotations.items())
    name = annotations.get("owner", "other")
    return extra + PERMIT.replace("open-few", f"also-{name}")


@pytest.mark.parametrize(
    ("ttls", "ttl_s"), [((), 60), (("PT30S",), 30), (("PT30S", "PT5S"), 5), (("PT90S",), 60)]
)
def test_a_ttl_only_shortens(ttls, ttl_s):
    rules = PERMIT + "".join(permits(ttl=ttl, owner=str(number)) for number, ttl in enumerate(ttls))

    assert decision(small(rules)).permit_ttl_s == ttl_s


def test_obligations_are_the_sorted_union_of_all_determining_permits():
    rules = permits(obligation="b:2, a", owner="one") + permits(obligation="a,c", owner="two")

    assert decision(small(rules)).obligations == ("a", "b:2", "c")


def test_obligations_of_a_permit_that_did_not_determine_are_not_carried():
    other = permits(obligation="b", owner="one").replace("<= 10", "> 60")

    assert decision(small(PERMIT + other)).obligations == ()


def test_more_obligations_than_a_receipt_carries_are_no_permit():
    rules = "".join(
        permits(owner=str(number), obligation=",".join(f"o{number}-{item}" for item in range(40)))
        for number in range(7)
    )

    answer = decision(small(rules))

    assert (answer.outcome, answer.reason) == (Outcome.SILENCE, Reason.INDETERMINATE)


def test_the_audience_of_a_permit_is_the_surfaces_own():
    assert decision(small()).audience == "door-executor"
    assert decision(small(), door_request(audience="door-executor")).audience == "door-executor"
    assert got(small(), door_request(audience="other")) == ("SILENCE", "request_invalid")


def test_a_rule_without_a_reason_is_told_by_its_id():
    silent = PERMIT.replace('@reason("A few may be opened")\n', "")

    assert decision(small(silent)).explanation[0].text == "permit by `open-few`"
