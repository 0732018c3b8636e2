"""Every error licet raises, by what the reader must do about it.

::

    LicetError
    ├── FixTheCall            the call is wrong: change it; nothing was recorded
    │   ├── Malformed           a document breaks the wire contract; carries a JSON pointer
    │   ├── TooLarge            a document passes its size limit
    │   ├── WrongContentType    a body is not application/json
    │   ├── Unauthenticated     no caller, or an unknown key
    │   ├── NotAllowed          a known caller without the role
    │   ├── WrongAudience       a permit for another executor
    │   ├── PermitInvalid       not a genuine permit of this authority
    │   ├── PermitExpired       a permit whose time to be claimed has passed
    │   ├── PermitRevoked       a permit that an operator took back before its use
    │   ├── Frozen              a permit that a freeze stops
    │   ├── EffectMismatch      a permit for another effect
    │   ├── AlreadyClaimed      a permit that was used before
    │   ├── AlreadyCompleted    a permit whose outcome was reported before, differently
    │   ├── NotClaimed          a completion of a permit that nobody claimed
    │   ├── AlreadyLifted       a freeze that was lifted before
    │   ├── StaleParent         a policy step made against another version than the active one
    │   ├── IdempotencyConflict a key used before for another request
    │   ├── NotFound            no such thing here
    │   ├── MethodNotAllowed    the path exists, the method does not
    │   ├── PolicyInvalid       a bundle that cannot be built; carries every finding
    │   ├── PolicyTestsFailed   a bundle whose own tests do not hold
    │   ├── LogError            bytes of a transparency log that are malformed or do not verify
    │   │   ├── ProofError        a proof that does not lead to the root
    │   │   ├── TileError         a tile path, tile or hash that is not what the size demands
    │   │   ├── EntryError        an entry or entry bundle of another form
    │   │   ├── NoteError         a signed note or key text of another form
    │   │   │   ├── SignatureError  a line of a known key that is not its signature
    │   │   │   └── AlgorithmUnavailable  this build cannot check the line: neither good nor bad
    │   │   ├── CheckpointError   a note whose text is no checkpoint
    │   │   └── QuorumTextError   a tlog-policy text that cannot be used
    │   └── Usage               a command line or an argument that makes no sense
    ├── AskAgain              ask again with the SAME idempotency key
    │   ├── Overloaded          shed before anything was recorded
    │   ├── NotRecorded         the decision may or may not exist
    │   │   └── StoreBusy         somebody else holds the store: definitely nothing was recorded
    │   ├── RateLimited         this caller asks too much
    │   └── Unreachable         the authority did not answer
    ├── StopHere              an operator must act before anything goes on
    │   ├── HomeMissing         no home directory, or one without a file it needs
    │   │   └── DatabaseMissing   a home whose database is gone: it is never made anew
    │   ├── HomeNotEmpty        `init` into a directory that holds something
    │   ├── HomeHeld            another process owns the home
    │   ├── ModeRefused         a secret file that others can read
    │   ├── SettingsInvalid     settings that cannot be used
    │   ├── AddressInUse        the port or socket is taken
    │   ├── ClockRefused        a clock behind the log, or so far ahead that a person must vouch for it
    │   ├── KeyInvalid          a key file that is no key, or a weak key
    │   ├── UnknownValue        evidence or trust in words that this version does not know
    │   └── StoreRefused        a store this build must not open
    └── RaiseTheAlarm         evidence contradicts itself: keep everything, change nothing
        ├── StoreCorrupt        stored bytes do not hash to what was signed
        ├── StoreRewound        the store is older than a checkpoint that was published
        └── StoreUnknown        a commit whose fate is unknown: this process must not write again

Each class has one stable ``code``. A message is lower case, has no full stop, puts the user's text in
back-ticks, and says where; ``mend`` is the next thing to do. The HTTP status and the exit code that
belong to a code live with the shells (``service/problem.py``, ``cli/exits.py``).
"""

from __future__ import annotations

from typing import ClassVar


class LicetError(Exception):
    """Anything licet refuses; never a permit."""

    code: ClassVar[str] = "internal"

    def __init__(self, message: str, *, mend: str = "", pointer: str | None = None) -> None:
        """Keep what happened, the mend, and the JSON pointer of the place where there is one."""
        super().__init__(message)
        self.message = message
        self.mend = mend
        self.pointer = pointer

    def __str__(self) -> str:
        """One line: where, what, and the mend."""
        where = f"{self.pointer}: " if self.pointer else ""
        mend = f" (mend: {self.mend})" if self.mend else ""
        return f"{where}{self.message}{mend}"

    def __reduce__(self) -> tuple[object, ...]:
        """Survive pickling, keyword arguments included (Celery, multiprocessing)."""
        return (_rebuild, (type(self), self.message, self.mend, self.pointer, self.__dict__))


def _rebuild(
    kind: type[LicetError], message: str, mend: str, pointer: str | None, state: dict[str, object]
) -> LicetError:
    error = kind.__new__(kind)
    LicetError.__init__(error, message, mend=mend, pointer=pointer)
    error.__dict__.update(state)
    return error


class FixTheCall(LicetError):
    """The call is wrong: change it; nothing was recorded."""

    code = "usage"


class Malformed(FixTheCall):
    """A document breaks the wire contract (``protocol.md`` 1)."""

    code = "malformed"


class TooLarge(FixTheCall):
    """A document passes its size limit."""

    code = "too_large"


class WrongContentType(FixTheCall):
    """A body is not ``application/json``."""

    code = "wrong_content_type"


class Unauthenticated(FixTheCall):
    """No caller, or an unknown key."""

    code = "unauthenticated"


class NotAllowed(FixTheCall):
    """A known caller without the role for this."""

    code = "not_allowed"


class WrongAudience(FixTheCall):
    """A permit that names another executor."""

    code = "wrong_audience"


class PermitInvalid(FixTheCall):
    """Not a genuine permit of this authority."""

    code = "permit_invalid"


class PermitExpired(FixTheCall):
    """A permit whose time to be claimed has passed."""

    code = "permit_expired"


class PermitRevoked(FixTheCall):
    """A permit that an operator took back before anybody used it."""

    code = "permit_revoked"


class Frozen(FixTheCall):
    """A permit that a freeze stops: of its actor, its surface, its tenant, or of all."""

    code = "frozen"


class EffectMismatch(FixTheCall):
    """A permit for another effect than the one about to run."""

    code = "effect_mismatch"


class AlreadyClaimed(FixTheCall):
    """A permit that was used before."""

    code = "already_claimed"


class AlreadyCompleted(FixTheCall):
    """A permit whose outcome was reported before, differently."""

    code = "already_completed"


class NotClaimed(FixTheCall):
    """A completion of a permit that nobody claimed: nothing can have run by it."""

    code = "not_claimed"


class AlreadyLifted(FixTheCall):
    """A freeze that was lifted before."""

    code = "already_lifted"


class StaleParent(FixTheCall):
    """A policy step made against another version than the active one."""

    code = "stale_parent"


class IdempotencyConflict(FixTheCall):
    """A key used before for another request."""

    code = "idempotency_conflict"


class NotFound(FixTheCall):
    """No such thing here."""

    code = "not_found"


class MethodNotAllowed(FixTheCall):
    """The path exists, the method does not."""

    code = "method_not_allowed"


class PolicyInvalid(FixTheCall):
    """A bundle that cannot be built; ``findings`` holds all of them."""

    code = "policy_invalid"

    def __init__(
        self,
        message: str,
        *,
        mend: str = "",
        pointer: str | None = None,
        findings: tuple[object, ...] = (),
    ) -> None:
        """Keep the findings beside the message."""
        super().__init__(message, mend=mend, pointer=pointer)
        self.findings = findings


class PolicyTestsFailed(FixTheCall):
    """A bundle whose own tests do not hold."""

    code = "policy_tests_failed"


class LogError(FixTheCall):
    """Bytes of a transparency log that are malformed or do not verify; its kinds live in ``tlog/``."""

    code = "log_invalid"


class Usage(FixTheCall):
    """A command line or an argument that makes no sense."""

    code = "usage"


class AskAgain(LicetError):
    """Ask again with the SAME idempotency key; ``retry_after_s`` says when."""

    code = "not_recorded"

    def __init__(
        self,
        message: str,
        *,
        mend: str = "",
        pointer: str | None = None,
        retry_after_s: int = 1,
    ) -> None:
        """Keep the wait beside the message."""
        super().__init__(message, mend=mend, pointer=pointer)
        self.retry_after_s = retry_after_s


class Overloaded(AskAgain):
    """Shed before anything was recorded."""

    code = "overloaded"


class NotRecorded(AskAgain):
    """The decision may or may not exist."""

    code = "not_recorded"


class RateLimited(AskAgain):
    """This caller asks too much."""

    code = "rate_limited"


class Unreachable(AskAgain):
    """The authority did not answer."""

    code = "unreachable"


class StopHere(LicetError):
    """An operator must act before anything goes on."""

    code = "refused"


class HomeMissing(StopHere):
    """No home directory, or one without a file it needs."""

    code = "home_missing"


class DatabaseMissing(HomeMissing):
    """A home whose database is gone. A lost log must not quietly become an empty one."""

    code = "database_missing"


class HomeNotEmpty(StopHere):
    """``init`` into a directory that holds something."""

    code = "home_not_empty"


class HomeHeld(StopHere):
    """Another process owns the home."""

    code = "home_held"


class ModeRefused(StopHere):
    """A secret file that others can read."""

    code = "mode_refused"


class SettingsInvalid(StopHere):
    """Settings that cannot be used."""

    code = "settings_invalid"


class AddressInUse(StopHere):
    """The port or socket is taken."""

    code = "address_in_use"


class ClockRefused(StopHere):
    """A clock behind the log, or so far ahead of it that an operator must vouch for it."""

    code = "clock_refused"


class KeyInvalid(StopHere):
    """A key file that is no key, or a key that must not be used (small order, wrong role)."""

    code = "key_invalid"


class UnknownValue(StopHere):
    """A kind, reason, role, state or schema version that this version does not know.

    Nothing is wrong with the document as far as this reader can tell, and nothing follows from it: a
    verifier says CANNOT VERIFY, a gate has no permit (``evidence.md`` 1, rule 12).
    """

    code = "unknown_value"


class StoreRefused(StopHere):
    """A store this build must not open (schema, engine, file system, lock)."""

    code = "store_refused"


class RaiseTheAlarm(LicetError):
    """Evidence contradicts itself: keep everything, change nothing."""

    code = "evidence_contradicts"


class StoreCorrupt(RaiseTheAlarm):
    """Stored bytes do not hash to what was signed, or the database file is damaged."""

    code = "store_corrupt"


class StoreRewound(RaiseTheAlarm):
    """The store is older than, or differs from, a checkpoint that was published."""

    code = "store_rewound"


class StoreUnknown(RaiseTheAlarm):
    """A commit whose fate is unknown: this process must not write again."""

    code = "store_unknown"
