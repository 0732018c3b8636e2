"""The executor's side: which check refuses first, and that only what was permitted runs, once."""

from __future__ import annotations

import copy
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

import sample_evidence as sample
from gate.fakes import (
    AUDIENCE,
    CLAIM,
    NOW_S,
    PERMITTED,
    FakeAuthority,
    FakeClock,
    FakeTransport,
    World,
    problem,
)
from licet.gate import permits
from licet.gate.decision import Failure
from licet.gate.errors import GateUnavailable, PermitRefused
from licet.gate.flow import Failed
from licet.gate.permits import Executor, effect, verify
from licet.gate.question import effect_from_wire, wire_effect
from licet.receipt.keys import named_jwk

EFFECT = effect(
    "payments.transfer",
    "transfer",
    target=("account", "acct-42"),
    parameters={"amount_minor": 4000, "currency": "USD", "payee": "acme"},
)
TOKEN = sample.sealed(sample.decided(PERMITTED))


def token(signer=sample.RECEIPT_KEY, decided=PERMITTED, **changes):
    return sample.sealed({**sample.decided(decided), **changes}, signer)


def check(presented=TOKEN, about_to_run=EFFECT, **more):
    given_too = {"audience": AUDIENCE, "trust": sample.TRUST, "now_s": NOW_S, **more}
    return verify(presented, about_to_run, **given_too)


def refusal(presented=TOKEN, about_to_run=EFFECT, **more):
    with pytest.raises(PermitRefused) as caught:
        check(presented, about_to_run, **more)
    return caught.value


def test_a_genuine_permit_for_this_effect_and_executor_holds():
    permit = check()

    assert permit.token == TOKEN
    assert permit.receipt_id == sample.stamp(2).receipt_id
    assert permit.expires_at.timestamp() == NOW_S + 60
    assert permit.obligations == ()


@pytest.mark.parametrize(
    ("presented", "first"),
    [
        ("", "V01 compact"),
        ("a" * 8_193, "V01 compact"),
        ("a.b", "V01 compact"),
        (TOKEN + ".x", "V01 compact"),
        (TOKEN + "=", "V01 compact"),
        ("e30." + TOKEN.partition(".")[2], "V02 header"),
        (sample.sealed(sample.decided(PERMITTED), typ="licet-key+jws"), "V02 header"),
        (sample.sealed_bytes(b"{}"), "V03 payload"),
        (token(v=2), "V03 payload"),
        (token(reason="because"), "V03 payload"),
        (sample.sealed_bytes(sample.canonical_bytes(sample.decided(PERMITTED)) + b"\n"), "V04 canonical"),
        (token(sample.STRANGER), "V05 key"),
        (token(sample.EXECUTOR_KEY), "V05 key"),
        (token(sample.RETIRED_KEY), "V05 key"),
        (token(sample.REVOKED_KEY), "V05 key"),
        (TOKEN.rpartition(".")[0] + "." + token(sample.STRANGER).rpartition(".")[2], "V06 signature"),
        (sample.sealed(sample.claimed()), "kind"),
        (token(decided=sample.DENIED), "outcome"),
        (token(decided=sample.SILENT), "outcome"),
        (token(iss="evil.example/licet/main"), "iss"),
        (token(tenant="other"), "tenant"),
        (token(aud="another-executor"), "aud"),
        (token(iat=NOW_S + 6, exp=NOW_S + 66), "iat"),
        (token(iat=NOW_S - 60, exp=NOW_S), "exp"),
        (token(decided=replace(PERMITTED, obligations=("notify:secops",))), "notify:secops"),
    ],
    ids=lambda value: value if len(value) < 20 else "",
)
def test_the_first_check_that_fails_is_named(presented, first):
    assert refusal(presented).decision.check == first


def test_checks_come_in_their_order():
    wrong = [{"iss": "evil.example/x"}, {"tenant": "other"}, {"aud": "x"}, {"iat": NOW_S - 90, "exp": NOW_S}]
    other = effect("payments.transfer", "transfer", parameters={"amount_minor": 1})
    named = []

    for mended in range(5):
        members = {name: value for changes in wrong[mended:] for name, value in changes.items()}
        named.append(refusal(token(**members), other).decision.check)

    assert named == ["iss", "tenant", "aud", "exp", "effect_digest"]


@pytest.mark.parametrize(
    ("changes", "failure"),
    [
        ({"iat": NOW_S - 60, "exp": NOW_S}, Failure.EXPIRED),
        ({"aud": "another-executor"}, Failure.WRONG_ANSWER),
    ],
)
def test_a_genuine_permit_that_is_refused_keeps_its_receipt(changes, failure):
    presented = token(**changes)
    error = refusal(presented)

    assert error.decision.failure is failure
    assert error.receipt == presented
    assert error.receipt_id == sample.stamp(2).receipt_id


def test_a_forged_permit_is_no_receipt():
    error = refusal(token(sample.STRANGER))

    assert error.decision.failure is Failure.BAD_SIGNATURE
    assert error.receipt is None


MEMBERS = [
    ("surface", "payments.refund"),
    ("action", "refund"),
    ("target", ("account", "acct-43")),
    ("target", None),
    ("parameters", {"amount_minor": 4001, "currency": "USD", "payee": "acme"}),
    ("parameters", {"amount_minor": 4000, "currency": "EUR", "payee": "acme"}),
    ("parameters", {"amount_minor": 4000, "currency": "USD", "payee": "mallory"}),
    ("parameters", {"amount_minor": "4000", "currency": "USD", "payee": "acme"}),
    ("parameters", {"amount_minor": 4000, "currency": "USD"}),
    ("parameters", {"amount_minor": 4000, "currency": "USD", "payee": "acme", "fee": 0}),
    ("parameters", {}),
    ("parameters", None),
]


@pytest.mark.parametrize(("member", "value"), MEMBERS, ids=str)
def test_t3_any_other_effect_than_the_permitted_one_is_refused(member, value):
    call = {
        "surface": "payments.transfer",
        "action": "transfer",
        "target": ("account", "acct-42"),
        "parameters": {"amount_minor": 4000, "currency": "USD", "payee": "acme"},
    }
    call[member] = value
    surface, action = call.pop("surface"), call.pop("action")

    error = refusal(about_to_run=effect(surface, action, **call))

    assert error.decision.check == "effect_digest"
    assert error.decision.failure is Failure.WRONG_ANSWER


def test_the_wire_object_and_plain_values_are_one_effect():
    assert check(about_to_run=sample.EFFECT_DOCUMENT).receipt_id == check().receipt_id


def test_a_digest_from_the_caller_counts_for_nothing():
    forged = {**sample.EFFECT_DOCUMENT, "parameters": {"amount_minor": 1}, "digest": sample.EFFECT.digest}

    with pytest.raises(ValueError, match="digest"):
        check(about_to_run=forged)


@given(st.data())
def test_i08_no_flipped_bit_is_accepted(data):
    at = data.draw(st.integers(0, len(TOKEN) - 1))
    changed = TOKEN[:at] + chr(ord(TOKEN[at]) ^ (1 << data.draw(st.integers(0, 6)))) + TOKEN[at + 1 :]

    refusal(changed)


def test_a_permit_within_the_skew_and_before_its_last_second_holds():
    assert check(token(iat=NOW_S + 5, exp=NOW_S + 6)).receipt_id
    assert check(now_s=NOW_S + 59).receipt_id
    assert refusal(now_s=NOW_S + 60).decision.failure is Failure.EXPIRED


def test_trust_that_lists_another_key_accepts_nothing_of_ours():
    other = sample.trusting(
        keys=[
            {"role": "receipt", **named_jwk(sample.STRANGER.public), "from": 0, "until": None},
            *[entry for entry in sample.trust_json()["keys"] if entry["role"] == "log"],
        ]
    )

    assert refusal(trust=other).decision.check == "V05 key"


# --- the executor ----------------------------------------------------------------------------------


class Bank:
    """An executor over a fake authority, and what it paid."""

    def __init__(self, authority=None, **more):
        self.clock = FakeClock()
        self.authority = authority or World().authority
        self.transport = FakeTransport(self.authority, self.clock)
        given_too = {"audience": AUDIENCE, "trust": sample.TRUST, "clock": self.clock, **more}
        self.executor = Executor(self.transport, **given_too)
        self.paid = []

    def pay(self, presented, about_to_run=EFFECT, **more):
        with self.executor.hold(presented, about_to_run, **more) as p:
            self.paid.append(p.result(p.thawed()))


def handed_over():
    """A bank, and a permit that another process required from the same authority."""
    world = World()
    presented = world.require().token
    return Bank(world.authority), presented


def test_an_executor_verifies_claims_runs_and_reports():
    bank, presented = handed_over()

    bank.pay(presented)

    assert bank.paid == [{"amount_minor": 4000, "currency": "USD", "payee": "acme"}]
    assert [path for path, _ in bank.authority.asked[1:]] == ["/v1/permits/claim", "/v1/permits/complete"]
    assert bank.authority.statuses == ["executed"]


def test_t2_the_same_permit_again_is_refused_and_pays_nothing():
    bank, presented = handed_over()
    bank.pay(presented)

    with pytest.raises(PermitRefused) as caught:
        bank.pay(presented)

    assert len(bank.paid) == 1
    assert caught.value.decision.failure is Failure.ALREADY_CLAIMED


@pytest.mark.parametrize(("status", "code"), [(403, "frozen"), (410, "permit_revoked")])
def test_a_permit_that_an_operator_stopped_is_refused_by_name(status, code):
    world = World(FakeAuthority(tamper=lambda asked, good: problem(status, code) if asked == CLAIM else good))
    bank = Bank(world.authority)

    with pytest.raises(PermitRefused) as caught:
        bank.pay(world.require().token)

    assert (caught.value.decision.failure, caught.value.decision.check) == (Failure.EXPIRED, code)
    assert code in str(caught.value)
    assert bank.paid == []


def test_t3_changed_arguments_never_reach_the_authority():
    bank, presented = handed_over()
    changed = copy.deepcopy(sample.EFFECT_DOCUMENT)
    changed["parameters"]["amount_minor"] = 999_999

    with pytest.raises(PermitRefused) as caught:
        bank.pay(presented, changed)

    assert caught.value.decision.check == "effect_digest"
    assert bank.paid == []
    assert len(bank.authority.asked) == 1


def test_what_the_callers_object_says_after_the_check_is_moot():
    bank, presented = handed_over()
    document = copy.deepcopy(sample.EFFECT_DOCUMENT)

    with bank.executor.hold(presented, document) as p:
        document["parameters"]["payee"] = "mallory"
        bank.paid.append(p.thawed())

    assert bank.paid[0]["payee"] == "acme"


def test_a_lost_claim_answer_runs_nothing_and_reports_nothing():
    bank, presented = handed_over()
    bank.transport.broken = lambda send: Failed(failure=Failure.UNREACHABLE, now=bank.clock.now())

    with pytest.raises(GateUnavailable) as caught:
        bank.pay(presented)

    assert caught.value.decision.failure is Failure.CLAIM_LOST
    assert bank.paid == []
    assert bank.authority.completions == []


def test_an_expired_permit_is_refused_without_asking():
    bank, presented = handed_over()
    bank.clock.unix_s = NOW_S + 60

    with pytest.raises(PermitRefused) as caught:
        bank.pay(presented)

    assert caught.value.decision.failure is Failure.EXPIRED
    assert len(bank.authority.asked) == 1


def test_a_permit_for_another_executor_is_refused_without_asking():
    world = World()
    bank = Bank(world.authority, audience="another-executor")

    with pytest.raises(PermitRefused) as caught:
        bank.pay(world.require().token)

    assert caught.value.decision.check == "aud"
    assert bank.paid == []


def test_an_executor_keeps_the_obligations_it_knows_and_no_others():
    decided = replace(PERMITTED, obligations=("notify:secops",))
    world = World(
        FakeAuthority(decide=lambda request: decided), obligations={"notify": lambda argument, permit: None}
    )
    presented = world.require().token
    told = []
    able = Bank(world.authority, obligations={"notify": lambda argument, permit: told.append(argument)})

    with pytest.raises(PermitRefused) as caught:
        Bank(world.authority).pay(presented)
    able.pay(presented)

    assert caught.value.decision.failure is Failure.OBLIGATION_UNKNOWN
    assert (told, len(able.paid)) == (["secops"], 1)


def test_an_exception_in_the_effect_is_unknown_unless_it_proves_that_nothing_happened():
    for error, status in ((TimeoutError(), "unknown"), (LookupError(), "failed")):
        bank, presented = handed_over()

        with (
            pytest.raises(type(error)),
            bank.executor.hold(presented, EFFECT, failed_on=(LookupError,)),
        ):
            raise error

        assert bank.authority.statuses == [status]


def test_an_effect_that_only_binds_its_value_needs_the_value():
    big = effect("files.write", "write", parameters={"content": "a" * 5_000})
    document = {
        "surface": "files.write",
        "action": "write",
        "parameters": wire_effect(big).parameters,
    }

    with pytest.raises(ValueError, match="nobody here holds"):
        effect_from_wire(document)


@pytest.mark.parametrize("document", [{}, {"surface": "A", "action": "b"}, {"surface": "a"}, []])
def test_what_is_no_effect_is_the_programmers_mistake(document):
    with pytest.raises(ValueError, match="mend"):
        effect_from_wire(document)
    with pytest.raises(ValueError, match="mend"):
        check(about_to_run=document)


def test_plain_values_that_are_no_effect_are_the_programmers_mistake():
    with pytest.raises(ValueError, match="/surface"):
        wire_effect(effect("Not A Surface", "transfer"))


def test_closing_an_executor_closes_its_transport():
    bank, _ = handed_over()

    with bank.executor:
        pass

    assert bank.authority.closed


def test_an_executor_has_a_name():
    with pytest.raises(TypeError, match="audience"):
        permits.Executor.remote("http://127.0.0.1:1", credential="lk_a_b", trust=sample.TRUST)
    permits.Executor.remote(
        "http://127.0.0.1:1", credential="lk_a_b", trust=sample.TRUST, audience=AUDIENCE
    ).close()
