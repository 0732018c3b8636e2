"""The executor's side: check a permit offline, use it once, run, report (``gate.md`` 4).

``verify`` is pure and is what every door uses. ``Executor`` puts the claim behind it and the report
behind the effect. Neither believes anything that came with the request: the trust file is pinned, the
audience is the executor's own name, and the digest is computed from what is about to run.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Self, TypeAlias

from licet.errors import EffectMismatch, FixTheCall, LicetError, PermitExpired, WrongAudience
from licet.gate.answers import Refusal, check_name, failure_of_check, permit_of, refused_here
from licet.gate.clock import Clock, SystemClock
from licet.gate.decision import Claim, Failure, FrozenEffect, Permit
from licet.gate.desk import SyncDesk
from licet.gate.errors import PermitRefused
from licet.gate.held import Holding, ObligationHandler
from licet.gate.question import Ref, effect_from, effect_from_wire, wire_effect
from licet.gate.transport import Transport
from licet.gate.trusted import Trust, load_trust
from licet.protocol.parse import effect_of
from licet.protocol.types import MAIN_TENANT, Audience, Effect, JsonObject, ReceiptId, Tenant
from licet.receipt.read import DecisionReceipt
from licet.verify.permit import check_permit
from licet.verify.trust import TrustSet

if TYPE_CHECKING:
    import ssl

AboutToRun: TypeAlias = FrozenEffect | JsonObject
"""What will run: frozen values, or the wire object ``{surface, action, target?, parameters?}``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedPermit:
    """A permit whose every check held at one moment. It has not been used up: claim it, then run."""

    token: str
    receipt: DecisionReceipt
    expires_at: datetime

    @property
    def receipt_id(self) -> ReceiptId:
        """The id of the permit's receipt."""
        return self.receipt.stamp.receipt_id

    @property
    def obligations(self) -> tuple[str, ...]:
        """What has to be done with the effect; each has a handler here."""
        return self.receipt.obligations


def effect(
    surface: str,
    action: str,
    *,
    target: Ref | None = None,
    parameters: Mapping[str, object] | None = None,
) -> FrozenEffect:
    """What is about to run, from plain values.

    Raises:
        ValueError: an argument without one exact form.
    """
    return effect_from(surface, action, target=target, parameters=parameters)


def verify(
    token: str,
    effect: AboutToRun,
    *,
    audience: str,
    trust: TrustSet,
    now_s: int,
    tenant: str = MAIN_TENANT,
    obligations: Collection[str] = (),
) -> VerifiedPermit:
    """The permit in ``token`` for ``effect``, for this executor, now. Pure.

    The checks run in the order of ``verify/permit.py``; the last one is that each obligation's name is
    among ``obligations``. The refusal's ``decision.check`` names the first that does not hold.

    Raises:
        PermitRefused: do not run the effect.
        ValueError: ``effect`` is none.
    """
    digested = _digested(effect)
    try:
        receipt = check_permit(
            token,
            digested,
            audience=Audience(audience),
            trust=trust,
            now_s=now_s,
            tenant=Tenant(tenant),
        )
    except (WrongAudience, PermitExpired, EffectMismatch) as error:
        raise _refused(error, genuine=token) from error
    except LicetError as error:
        raise _refused(error, genuine=None) from error
    for obligation in receipt.obligations:
        if obligation.partition(":")[0] not in obligations:
            refusal = Refusal(failure=Failure.OBLIGATION_UNKNOWN, check=obligation)
            key = receipt.request.idempotency_key
            raise PermitRefused(refused_here(refusal, key=key, genuine=token))
    return VerifiedPermit(token=token, receipt=receipt, expires_at=_expiry(receipt))


class Executor:
    """The process that performs effects: it holds the credential that moves the world, and this."""

    def __init__(
        self,
        transport: Transport,
        *,
        audience: str,
        trust: Trust,
        tenant: str = MAIN_TENANT,
        obligations: Mapping[str, ObligationHandler] | None = None,
        clock: Clock | None = None,
    ) -> None:
        """Bind to the authority that claims are made at; ``audience`` is this executor's own name."""
        self._audience = audience
        self._tenant = Tenant(tenant)
        self._trust = load_trust(trust)
        self._obligations = MappingProxyType(dict(obligations or {}))
        self._clock = SystemClock() if clock is None else clock
        self._transport = transport
        self._desk = SyncDesk(transport=transport, trust=self._trust, tenant=self._tenant, clock=self._clock)

    @classmethod
    def remote(
        cls,
        url: str,
        *,
        credential: str,
        audience: str,
        trust: Trust,
        tenant: str = MAIN_TENANT,
        obligations: Mapping[str, ObligationHandler] | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> Executor:
        """An executor of a served authority; addresses and ``trust`` as for ``Gate.remote``."""
        from licet.gate.sync import HttpTransport  # noqa: PLC0415 - who only verifies needs no sockets

        return cls(
            HttpTransport(url, credential=credential, tls=tls),
            audience=audience,
            trust=trust,
            tenant=tenant,
            obligations=obligations,
        )

    def verify(self, token: str, effect: AboutToRun) -> VerifiedPermit:
        """``verify`` with this executor's name, trust and clock; nothing is used up.

        Raises:
            PermitRefused: do not run the effect.
            ValueError: ``effect`` is none.
        """
        return verify(
            token,
            effect,
            audience=self._audience,
            trust=self._trust,
            now_s=self._clock.now().unix_s,
            tenant=self._tenant,
            obligations=self._obligations.keys(),
        )

    def hold(self, token: str, effect: AboutToRun, *, failed_on: tuple[type[Exception], ...] = ()) -> Holding:
        """``with executor.hold(token, effect) as p``: verified and claimed on entry, reported on exit.

        Run the effect with ``p.parameters``: they are decoded from the very bytes that were digested.

        Raises:
            NotPermitted: on entry; the block did not run.
            ValueError: on entry; ``effect`` is none, or only binds values that are not here.
        """

        def take() -> tuple[Permit, Claim]:
            # One frozen copy is digested, claimed and run: what the caller's object says later is moot.
            frozen = effect if isinstance(effect, FrozenEffect) else effect_from_wire(effect)
            verified = self.verify(token, frozen)
            permit = permit_of(token, verified.receipt, frozen, self._desk)
            return permit, permit.claim()

        return Holding(take, failed_on=failed_on, obligations=self._obligations)

    def close(self) -> None:
        """Let go of connections."""
        self._transport.close()

    def __enter__(self) -> Self:
        """This executor, closed at the end of the block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close; exceptions pass."""
        self.close()


def _digested(effect: AboutToRun) -> Effect:
    if isinstance(effect, FrozenEffect):
        return wire_effect(effect)
    try:
        return effect_of(effect)
    except FixTheCall as error:
        raise ValueError(str(error)) from error


def _refused(error: LicetError, *, genuine: str | None) -> PermitRefused:
    check = check_name(error)
    refusal = Refusal(failure=failure_of_check(check), check=check)
    return PermitRefused(refused_here(refusal, key="", genuine=genuine))


def _expiry(receipt: DecisionReceipt) -> datetime:
    return datetime.fromtimestamp(receipt.expires_s or 0, UTC)
