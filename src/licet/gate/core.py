"""``Gate``: no permit, no execution, in three calls (``gate.md`` 2).

=============  ===========================================================================
``decide``     a ``Decision``; never raises for an outcome or for infrastructure
``require``    a ``Permit`` to hand to an executor, or ``NotPermitted``; claims nothing
``permit``     ``with`` around an effect: decided, verified, claimed, and reported at its end
=============  ===========================================================================
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import TYPE_CHECKING, Final, Self

from licet.gate.clock import Clock, SystemClock
from licet.gate.decision import Claim, Decision, Permit
from licet.gate.desk import SyncDesk
from licet.gate.errors import error_for
from licet.gate.held import Holding, ObligationHandler
from licet.gate.local import LocalTransport, open_home
from licet.gate.question import ActorLike, Ref, question_of
from licet.gate.transport import Transport
from licet.gate.trusted import Trust, load_trust
from licet.protocol import limits
from licet.protocol.types import MAIN_TENANT, Tenant

if TYPE_CHECKING:
    import ssl

DEADLINE_S: Final = limits.DEADLINE_MS_DEFAULT / 1000
WAIT_S_MAX: Final = 24 * 3600


class Gate:
    """The way to one authority. Safe for threads; after ``fork`` a local gate refuses to decide."""

    def __init__(
        self,
        transport: Transport,
        *,
        trust: Trust,
        actor: ActorLike | None = None,
        audience: str | None = None,
        tenant: str = MAIN_TENANT,
        obligations: Mapping[str, ObligationHandler] | None = None,
        clock: Clock | None = None,
    ) -> None:
        """Bind to a transport; ``Gate.remote`` and ``Gate.local`` are the usual ways in.

        ``actor`` and ``audience`` are used where a call names none. ``obligations`` are the handlers this
        process has: an obligation without one is a refusal.
        """
        self._transport = transport
        self._actor = actor
        self._audience = audience
        self._obligations = MappingProxyType(dict(obligations or {}))
        self._tenant = Tenant(tenant)
        self._desk = SyncDesk(
            transport=transport,
            trust=load_trust(trust),
            tenant=self._tenant,
            clock=SystemClock() if clock is None else clock,
        )

    @classmethod
    def remote(
        cls,
        url: str,
        *,
        credential: str,
        trust: Trust,
        actor: ActorLike | None = None,
        audience: str | None = None,
        tenant: str = MAIN_TENANT,
        obligations: Mapping[str, ObligationHandler] | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> Gate:
        """A gate to a served authority: ``https://host``, ``http://host:port`` or ``unix:PATH``.

        ``trust`` is the ``trust/`` folder, its ``trust.json``, or its bytes, from anywhere but the server
        that is being checked. There is no default: without it nothing could be believed.

        Raises:
            ValueError: a URL or credential of another form.
            LicetError: a trust file that cannot be used.
        """
        from licet.gate.sync import HttpTransport  # noqa: PLC0415 - a local gate needs no sockets

        clock = SystemClock()
        return cls(
            HttpTransport(url, credential=credential, clock=clock, tls=tls),
            trust=trust,
            actor=actor,
            audience=audience,
            tenant=tenant,
            obligations=obligations,
            clock=clock,
        )

    @classmethod
    def local(
        cls,
        home: str | Path,
        *,
        actor: ActorLike | None = None,
        audience: str | None = None,
        tenant: str = MAIN_TENANT,
        obligations: Mapping[str, ObligationHandler] | None = None,
    ) -> Gate:
        """A gate to the authority of ``home``, opened inside this process; close it to give the home back.

        Raises:
            LicetError: no home there, or another process holds it.
        """
        clock = SystemClock()
        authority = open_home(home)
        try:
            return cls(
                LocalTransport(authority, clock),
                trust=authority.trust_bytes(),
                actor=actor,
                audience=audience,
                tenant=tenant,
                obligations=obligations,
                clock=clock,
            )
        except BaseException:
            authority.close()
            raise

    def decide(
        self,
        surface: str,
        action: str,
        *,
        actor: ActorLike | None = None,
        target: Ref | None = None,
        parameters: Mapping[str, object] | None = None,
        context: Mapping[str, object] | None = None,
        audience: str | None = None,
        key: str | None = None,
        deadline: float = DEADLINE_S,
        wait: float = 0,
    ) -> Decision:
        """What the authority decided, checked; or SILENCE with the ``failure`` that stood in the way.

        Asking again with the same ``key`` and arguments gets the same answer; without a ``key`` each call
        is an ask of its own. ``deadline`` and ``wait`` are seconds; ``wait`` polls for approvals.

        Raises:
            ValueError: a call that could never be decided on (also ``TypeError``); nothing was sent.
        """
        deadline_ms = _milliseconds("deadline", deadline, low=1, high=limits.DEADLINE_MS_MAX)
        wait_ms = _milliseconds("wait", wait, low=0, high=WAIT_S_MAX * 1000)
        asker = self._actor if actor is None else actor
        if asker is None:
            message = 'nobody asks (mend: pass `actor=("agent", "name")` here or to the gate)'
            raise ValueError(message)
        question = question_of(
            surface,
            action,
            actor=asker,
            target=target,
            parameters=parameters,
            context=context,
            audience=self._audience if audience is None else audience,
            key=f"sdk-{secrets.token_hex(16)}" if key is None else key,
            tenant=self._tenant,
            obligations=frozenset(self._obligations),
        )
        return self._desk.ask(question, deadline_ms=deadline_ms, wait_ms=wait_ms)

    def require(
        self,
        surface: str,
        action: str,
        *,
        actor: ActorLike | None = None,
        target: Ref | None = None,
        parameters: Mapping[str, object] | None = None,
        context: Mapping[str, object] | None = None,
        audience: str | None = None,
        key: str | None = None,
        deadline: float = DEADLINE_S,
        wait: float = 0,
    ) -> Permit:
        """An unclaimed permit, to be claimed here or handed (``permit.token``) to another process.

        Raises:
            NotPermitted: any other answer, or none.
            ValueError: as ``decide``.
        """
        decision = self.decide(
            surface,
            action,
            actor=actor,
            target=target,
            parameters=parameters,
            context=context,
            audience=audience,
            key=key,
            deadline=deadline,
            wait=wait,
        )
        if decision.permit is None:
            raise error_for(decision)
        return decision.permit

    def permit(
        self,
        surface: str,
        action: str,
        *,
        actor: ActorLike | None = None,
        target: Ref | None = None,
        parameters: Mapping[str, object] | None = None,
        context: Mapping[str, object] | None = None,
        audience: str | None = None,
        key: str | None = None,
        deadline: float = DEADLINE_S,
        wait: float = 0,
        failed_on: tuple[type[Exception], ...] = (),
    ) -> Holding:
        """``with gate.permit(...) as p``: the block runs only while this process holds the claimed permit.

        Decision and claim share ``deadline``. Run the effect with ``p.parameters``. Leaving the block
        reports what became of it (``gate/held.py``); ``failed_on`` are exceptions that prove that nothing
        happened.

        Raises:
            NotPermitted: on entry; the block did not run.
            ValueError: as ``decide``, on entry.
        """

        def take() -> tuple[Permit, Claim]:
            began_ms = self._desk.clock.now().elapsed_ms
            permit = self.require(
                surface,
                action,
                actor=actor,
                target=target,
                parameters=parameters,
                context=context,
                audience=audience,
                key=key,
                deadline=deadline,
                wait=wait,
            )
            # One budget for both: a host that gave up on us may have run the action by itself.
            spent_ms = self._desk.clock.now().elapsed_ms - began_ms
            left_ms = int((deadline + wait) * 1000) - spent_ms
            claim_ms = max(1, min(left_ms, int(deadline * 1000)))
            return permit, self._desk.claim(permit, deadline_ms=claim_ms)

        return Holding(take, failed_on=failed_on, obligations=self._obligations)

    def close(self) -> None:
        """Let go of connections, or of the home; every later answer is ``unreachable``."""
        self._transport.close()

    def __enter__(self) -> Self:
        """This gate, closed at the end of the block."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close; exceptions pass."""
        self.close()


def _milliseconds(name: str, seconds: float, *, low: int, high: int) -> int:
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        message = f"`{name}` is a `{type(seconds).__name__}` (mend: pass seconds)"
        raise TypeError(message)
    # Written so that NaN fails it.
    if not low <= seconds * 1000 <= high:
        message = f"`{name}` is out of range (mend: {low / 1000:g} to {high // 1000} seconds)"
        raise ValueError(message)
    return int(seconds * 1000)
