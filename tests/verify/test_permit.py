"""Level enforce: the first check that does not hold names itself; a gate believes nothing else."""

from __future__ import annotations

import pytest

from licet.errors import EffectMismatch, PermitExpired, PermitInvalid, WrongAudience
from licet.protocol.limits import PERMIT_BYTES_MAX
from licet.protocol.parse import effect_of
from licet.protocol.types import Audience, Origin, Outcome, Reason, Tenant
from licet.receipt.statement import decision_document
from licet.verify.permit import check_permit
from sample_evidence import (
    AUDIENCE,
    DENIED,
    EFFECT,
    EFFECT_DOCUMENT,
    EXECUTOR_KEY,
    FACTS,
    NOW_S,
    PERMIT,
    PERMITTED,
    RECEIPT_KEY,
    REQUEST,
    RETIRED_KEY,
    REVOKED_KEY,
    SILENT,
    STRANGER,
    TRUST,
    claimed,
    decided,
    sealed,
    stamp,
)
from verify_cases import changed


def said(token: str, kind: type[Exception] = PermitInvalid, **given: object) -> str:
    """The refusal of ``token``, in words."""
    arguments = {"audience": AUDIENCE, "trust": TRUST, "now_s": NOW_S, **given}
    with pytest.raises(kind) as refusal:
        check_permit(token, arguments.pop("effect", EFFECT), **arguments)
    assert refusal.value.mend
    return refusal.value.message


def test_a_permit_is_the_decision_that_was_signed():
    permit = check_permit(PERMIT, EFFECT, audience=AUDIENCE, trust=TRUST, now_s=NOW_S)

    assert (permit.outcome, permit.reason) == (Outcome.PERMIT, Reason.PERMITTED)
    assert permit.stamp == stamp()
    assert permit.request.effect_digest == EFFECT.digest


@pytest.mark.parametrize(
    ("token", "check"),
    [
        ("", "V01 compact"),
        (PERMIT + ".", "V01 compact"),
        ("A" * (PERMIT_BYTES_MAX + 1), "V01 compact"),
        ("e30." + PERMIT.partition(".")[2], "V02 header"),
        (sealed(changed(decided(), v=2)), "V03 payload"),
        (sealed(changed(decided(), reason="because")), "V03 payload"),
        (sealed(changed(decided(), kind="approval")), "V03 payload"),
        (sealed(decided(), STRANGER), "V05 key"),
        (sealed(decided(), EXECUTOR_KEY), "V05 key"),
        (sealed(decided(), RETIRED_KEY), "V05 key"),
        (sealed(decided(), REVOKED_KEY), "V05 key"),
        (PERMIT[:-6] + "AAAAAA", "V06 signature"),
        (sealed(claimed()), "kind"),
        (sealed(decided(DENIED)), "outcome: DENY"),
        (sealed(decided(SILENT)), "outcome: SILENCE"),
        (sealed(decided(origin=Origin("other.example/main"))), "iss"),
        (sealed(changed(decided(), tenant="other")), "tenant"),
        (sealed(changed(decided(), iat=NOW_S + 6, exp=NOW_S + 66)), "iat"),
    ],
)
def test_the_first_check_that_does_not_hold_names_itself(token: str, check: str):
    assert said(token).startswith(check)


def test_the_order_is_signature_then_issuer_then_audience_then_time_then_effect():
    other = effect_of({**EFFECT_DOCUMENT, "action": "refund"})
    wrong = {"audience": Audience("other"), "now_s": NOW_S + 60, "effect": other}

    assert said(sealed(changed(decided(), tenant="other")), **wrong).startswith("tenant")
    assert said(PERMIT, WrongAudience, **wrong).startswith("aud")
    assert said(PERMIT, PermitExpired, **{**wrong, "audience": AUDIENCE}).startswith("exp")
    assert said(PERMIT, EffectMismatch, effect=other).startswith("effect_digest")


@pytest.mark.parametrize("ahead_s", [0, 5])
def test_a_clock_may_be_five_seconds_behind_the_authority(ahead_s: int):
    token = sealed(changed(decided(), iat=NOW_S + ahead_s, exp=NOW_S + 60))

    check_permit(token, EFFECT, audience=AUDIENCE, trust=TRUST, now_s=NOW_S)


def test_nobody_allows_leeway_on_exp():
    check_permit(PERMIT, EFFECT, audience=AUDIENCE, trust=TRUST, now_s=NOW_S + 59)

    assert said(PERMIT, PermitExpired, now_s=NOW_S + 60).startswith("exp")


def test_a_permit_of_another_tenant_opens_only_that_tenants_gate():
    token = sealed(changed(decided(), tenant="other"))

    assert check_permit(
        token, EFFECT, audience=AUDIENCE, trust=TRUST, now_s=NOW_S, tenant=Tenant("other")
    ).stamp.tenant == Tenant("other")
    assert said(PERMIT, tenant=Tenant("other")).startswith("tenant")


def test_a_key_in_use_again_in_the_trust_file_of_today_is_the_only_key():
    """Revocation reaches a gate with its next trust file, and then no old permit of the key opens it."""
    assert said(sealed(decided(), REVOKED_KEY)).startswith("V05 key")
    assert "retired or revoked at index 6" in said(sealed(decided(), REVOKED_KEY))


def test_hostile_text_in_a_token_is_shown_harmlessly():
    token = PERMIT.replace(PERMIT.partition(".")[0], "eyJhbGciOiIbWzJKIn0")

    assert "\x1b" not in said(token)


def test_a_permit_over_8_kib_is_none():
    wide = decision_document(REQUEST, PERMITTED, facts=FACTS, stamp=stamp())
    wide["obligations"] = ["x" * 1000] * 6

    assert len(sealed(wide)) > PERMIT_BYTES_MAX
    assert said(sealed(wide, RECEIPT_KEY)).startswith("V01 compact")
