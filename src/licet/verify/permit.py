"""Level `enforce`: is this string a permit, for this effect, this executor, now?

1. V01 to V06 (``opening.py``), 8 KiB at most, with the additions of a gate: a retired or revoked key is
   no key, and what V03 cannot read is no permit
2. the receipt is a decision, and its outcome is PERMIT
3. ``iss`` is a log of the trust file, ``tenant`` is ours
4. ``aud`` is this executor
5. ``iat`` is not ahead of our clock by more than the skew, ``exp`` has not come; no leeway
6. ``effect_digest`` is the digest of what is about to run

The order is the order of refusals: the first check that does not hold names itself. Single use is not
here: it takes a claim at the authority, or a spend store.
"""

from __future__ import annotations

from ..errors import EffectMismatch, PermitExpired, PermitInvalid, WrongAudience
from ..protocol import limits
from ..protocol.types import MAIN_TENANT, Audience, Effect, Outcome, Tenant
from ..receipt.read import DecisionReceipt
from .opening import Opened, open_receipt
from .report import Check, Status, Steps
from .trust import TrustSet

_NOT_OURS = "do not run the effect; ask the authority for a permit of your own"


def check_permit(
    token: str,
    effect: Effect,
    *,
    audience: Audience,
    trust: TrustSet,
    now_s: int,
    tenant: Tenant = MAIN_TENANT,
) -> DecisionReceipt:
    """The permit in ``token``, or a refusal that begins with the check that failed.

    ``effect`` is what is about to run, as ``protocol/parse.py`` built it: its digest was computed from its
    members and never came from the caller.

    Raises:
        PermitInvalid: no genuine permit of this authority and tenant, or one from the future.
        WrongAudience: a genuine permit for another executor.
        PermitExpired: its time to be claimed has passed.
        EffectMismatch: it permits another effect.
    """
    permit = _permit(token, trust)  # 1, 2
    stamp = permit.stamp
    if stamp.origin not in trust.origins:  # 3
        raise PermitInvalid(f"iss: `{stamp.origin}` is not a log of the trust file", mend=_NOT_OURS)
    if stamp.tenant != tenant:
        raise PermitInvalid(f"tenant: `{stamp.tenant}` is not `{tenant}`", mend=_NOT_OURS)
    if permit.audience != audience:  # 4
        raise WrongAudience(f"aud: the permit is for `{permit.audience}`, not `{audience}`", mend=_NOT_OURS)
    _demand_current(permit, now_s)  # 5
    if permit.request.effect_digest != effect.digest:  # 6
        # Attack: the arguments changed after PERMIT was given.
        raise EffectMismatch(
            f"effect_digest: permitted is `{permit.request.effect_digest}`, about to run `{effect.digest}`",
            mend="run exactly what was asked, or ask for what is to run",
        )
    return permit


def _permit(token: str, trust: TrustSet) -> DecisionReceipt:
    steps = Steps()
    opened = open_receipt(token, trust, steps, bytes_max=limits.PERMIT_BYTES_MAX)
    if opened is not None:
        _demand_key_in_use(opened, steps)
    bad = steps.first_not_ok()
    if bad is not None:
        raise PermitInvalid(f"{bad.check.label}: {bad.detail}", mend=_NOT_OURS)
    receipt = None if opened is None else opened.receipt
    if not isinstance(receipt, DecisionReceipt):
        raise PermitInvalid("kind: the receipt is no decision", mend=_NOT_OURS)
    if receipt.outcome is not Outcome.PERMIT:
        raise PermitInvalid(
            f"outcome: {receipt.outcome.value} ({receipt.reason.value}) permits nothing", mend=_NOT_OURS
        )
    return receipt


def _demand_key_in_use(opened: Opened, steps: Steps) -> None:
    """A gate knows no index, so it cannot tell the receipts of a key's good days from those of its thief."""
    if opened.key is not None and opened.key.until is not None:
        detail = f"`{opened.key.kid}` was retired or revoked at index {opened.key.until}"
        steps.note(Check.KEY, Status.FAILED, detail)


def _demand_current(permit: DecisionReceipt, now_s: int) -> None:
    issued_s = permit.stamp.issued_s
    if issued_s > now_s + limits.IAT_SKEW_S_MAX:
        raise PermitInvalid(
            f"iat: issued {issued_s - now_s} s ahead of this clock", mend="set this machine's clock right"
        )
    if permit.expires_s is None or now_s >= permit.expires_s:
        raise PermitExpired(
            f"exp: the permit had to be claimed before {permit.expires_s}, it is {now_s}",
            mend="ask again with a new idempotency key",
        )
