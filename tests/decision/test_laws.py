"""Laws that hold for any set of rules: silence by default, forbids only take away, order means nothing."""

from __future__ import annotations

from functools import lru_cache

from hypothesis import given, settings
from hypothesis import strategies as st

from licet.decision.decide import decide
from licet.decision.facts import look
from licet.decision.snapshot import ActiveBundle
from licet.policy.compiled import CompiledBundle
from licet.protocol.types import MAIN_TENANT, Decision, Outcome, Reason
from sample_bundles import NOW_MS, door_request, small

CONDITIONS = (
    "true",
    "false",
    "context.parameters.count <= 10",
    "context.parameters.count > 5",
    "context.parameters.count == 7",
    'principal == Agent::"bot"',
    "context.request has ticket",
    "context.parameters.count * 9007199254740991 * 9007199254740991 > 0",
    "!(context.parameters.count == 7)",
)
SCOPES = (
    "principal, action, resource",
    'principal is Agent, action == Action::"open", resource == Surface::"door.open"',
    'principal is Human, action, resource in SurfaceGroup::"door"',
)
RULES = st.tuples(st.sampled_from(("permit", "forbid")), st.sampled_from(SCOPES), st.sampled_from(CONDITIONS))
COUNTS = st.sampled_from((1, 5, 6, 7, 10, 11, 100))
ACTORS = st.sampled_from(("agent", "human"))


def text(rules) -> str:
    return "".join(
        f'@id("r{number}") @reason("r") {effect} ({scope}) when {{ {condition} }};\n'
        for number, (effect, scope, condition) in rules
    )


@lru_cache(maxsize=4096)
def bundle(policies: str) -> CompiledBundle:
    return small(policies)


def decided(numbered, count: int, actor: str) -> Decision:
    request = door_request(count, actor={"type": actor, "id": "bot"})
    active = ActiveBundle(compiled=bundle(text(numbered)), version=1)
    return decide(request, look(request, active=active, tenant=MAIN_TENANT, now_ms=NOW_MS, salt=bytes(32)))


@given(COUNTS, ACTORS)
def test_without_rules_there_is_silence(count, actor):
    decision = decided([], count, actor)

    assert (decision.outcome, decision.reason) == (Outcome.SILENCE, Reason.NO_PERMIT)


@settings(max_examples=150)
@given(st.lists(RULES, max_size=5), COUNTS, ACTORS)
def test_without_a_permit_that_holds_nothing_is_permitted(rules, count, actor):
    forbids = [("forbid", scope, condition) for _, scope, condition in rules]

    assert decided(list(enumerate(forbids)), count, actor).outcome is not Outcome.PERMIT


@settings(max_examples=150)
@given(st.lists(RULES, max_size=5), RULES, COUNTS, ACTORS)
def test_adding_a_forbid_never_permits_more(rules, added, count, actor):
    numbered = list(enumerate(rules))
    forbid = (len(rules), ("forbid", *added[1:]))

    before = decided(numbered, count, actor)
    after = decided([*numbered, forbid], count, actor)

    assert before.outcome is Outcome.PERMIT or after.outcome is not Outcome.PERMIT
    assert before.outcome is not Outcome.DENY or after.outcome is Outcome.DENY


@settings(max_examples=150)
@given(st.lists(RULES, max_size=5), COUNTS, ACTORS, st.randoms(use_true_random=False))
def test_the_order_of_rules_means_nothing(rules, count, actor, chance):
    numbered = list(enumerate(rules))
    shuffled = list(numbered)
    chance.shuffle(shuffled)

    here, there = decided(numbered, count, actor), decided(shuffled, count, actor)

    assert (here.outcome, here.reason) == (there.outcome, there.reason)
    assert (here.determining, here.errored) == (there.determining, there.errored)
    assert here.explanation == there.explanation


@settings(max_examples=150)
@given(st.lists(RULES, max_size=5), COUNTS, ACTORS)
def test_a_permit_has_a_rule_and_no_failure(rules, count, actor):
    decision = decided(list(enumerate(rules)), count, actor)

    if decision.outcome is Outcome.PERMIT:
        assert decision.determining
        assert not decision.errored
        assert decision.permit_ttl_s is not None
        assert decision.audience is not None
    if decision.errored:
        assert decision.outcome is not Outcome.PERMIT


@settings(max_examples=100)
@given(st.lists(RULES, max_size=5), COUNTS, ACTORS)
def test_deciding_twice_is_deciding_once(rules, count, actor):
    numbered = list(enumerate(rules))

    assert decided(numbered, count, actor) == decided(numbered, count, actor)
