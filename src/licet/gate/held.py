"""A claimed permit in somebody's hands: the ``with`` block around an effect.

Exit says what became of the effect, and only what is known: a normal exit is ``executed``; an exception
is ``unknown`` (a timeout from a payment API is not a failure) unless the block said otherwise or the
type is in ``failed_on``; anything that is no ``Exception`` is ``unknown`` and passes unchanged.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from types import TracebackType
from typing import Final, Literal, TypeVar

from licet.gate import freeze
from licet.gate.decision import Claim, Completion, Permit
from licet.protocol import fast
from licet.protocol.digest import tagged_digest
from licet.protocol.types import CompletionStatus, Digest, ReceiptId

RESULT_TAG: Final = b"licet/result/v1\n"

Result = TypeVar("Result")
ObligationHandler = Callable[[str, Permit], None]
"""Called between claim and effect with the obligation's argument (or an empty string) and the permit."""


class HeldPermit:
    """A permit that was claimed here and now: the effect may run once, with ``parameters``."""

    def __init__(self, permit: Permit, claimed: Claim) -> None:
        """Hold ``permit``; its claim is on record."""
        self.permit = permit
        self.claimed = claimed
        self.completion: Completion | None = None
        """What became of the report; None until the block was left."""
        self._status: CompletionStatus | None = None
        self._result: Digest | None = None

    @property
    def token(self) -> str:
        """The permit's receipt."""
        return self.permit.token

    @property
    def parameters(self) -> Mapping[str, object]:
        """The frozen arguments: the only ones that are permitted."""
        return self.permit.parameters

    @property
    def receipt_id(self) -> ReceiptId:
        """The id of the permit's receipt."""
        return self.permit.receipt_id

    @property
    def expires_at(self) -> datetime:
        """Until when the permit could be claimed; it does not bound the effect."""
        return self.permit.expires_at

    def thawed(self) -> dict[str, object]:
        """A plain fresh copy of ``parameters``, for effects that insist on ``dict`` and ``list``."""
        return {name: freeze.thaw(value) for name, value in self.parameters.items()}

    def result(self, value: Result) -> Result:
        """Keep the digest of the effect's result, where it has one exact form; gives ``value`` back."""
        self._result = result_digest(value)
        return value

    def failed(self) -> None:
        """Say that the effect was tried and surely did not happen."""
        self._status = CompletionStatus.FAILED

    def not_executed(self) -> None:
        """Say that the effect was never tried."""
        self._status = CompletionStatus.NOT_EXECUTED

    def settle(self, status: CompletionStatus) -> None:
        """Report ``status``, once; a report that cannot be delivered stays open at the authority."""
        if self.completion is None:
            result = self._result if status is CompletionStatus.EXECUTED else None
            self.completion = self.permit.complete(status, result)

    def status_after(
        self, error: BaseException | None, failed_on: tuple[type[Exception], ...]
    ) -> CompletionStatus:
        """What the end of the block says about the effect."""
        if error is not None and not isinstance(error, Exception):
            return CompletionStatus.UNKNOWN
        if self._status is not None:
            return self._status
        if error is None:
            return CompletionStatus.EXECUTED
        return CompletionStatus.FAILED if isinstance(error, failed_on) else CompletionStatus.UNKNOWN


class Holding:
    """``with`` around one effect: take the permit and claim it on entry, report on exit."""

    def __init__(
        self,
        take: Callable[[], tuple[Permit, Claim]],
        *,
        failed_on: tuple[type[Exception], ...],
        obligations: Mapping[str, ObligationHandler],
    ) -> None:
        """Nothing is asked before the block is entered."""
        self._take = take
        self._failed_on = failed_on
        self._obligations = obligations
        self._held: HeldPermit | None = None

    def __enter__(self) -> HeldPermit:
        """The claimed permit.

        Raises:
            NotPermitted: there is none, or its claim cannot be proved; the block does not run.
            ValueError: the block was entered before.
        """
        if self._held is not None:
            message = "a permit works once: ask for another with `gate.permit(...)`"
            raise ValueError(message)
        permit, claimed = self._take()
        held = HeldPermit(permit, claimed)
        self._held = held
        try:
            for obligation in permit.obligations:
                name, _, argument = obligation.partition(":")
                self._obligations[name](argument, permit)
        except BaseException:
            # The block has not begun, so this much is certain: the effect did not run.
            held.settle(CompletionStatus.NOT_EXECUTED)
            raise
        return held

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> Literal[False]:
        """Report what became of the effect; exceptions pass unchanged."""
        if self._held is not None:
            self._held.settle(self._held.status_after(error, self._failed_on))
        return False


def result_digest(value: object) -> Digest | None:
    """The digest of a result in argument encoding v1; None when it has no exact form."""
    try:
        return tagged_digest(RESULT_TAG, fast.canonical(freeze.encode(value)))
    except (freeze.NotFreezable, TypeError):
        return None
