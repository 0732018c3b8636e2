"""Opening a home: every check that stands between a folder and a deciding authority (``trust.md`` 5.1).

1. settings, key files and their modes   2. the store opens, locked, its promises read back
3. the store is of this home's log       4. keys sign and verify, and are the ones in the trust file
5. the right edge hashes to the signed root   6. the clock is neither behind the log nor far ahead
7. the checkpoints kept outside are not newer   8. one commit succeeds
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from licet.authority.authority import Authority
from licet.authority.clock import SystemClock
from licet.authority.deciding import Deciding
from licet.authority.disk import MIB, DiskWatch
from licet.authority.entropy import SystemEntropy
from licet.authority.reading import Reading
from licet.authority.shelf import PolicyShelf
from licet.errors import (
    KeyInvalid,
    LicetError,
    SettingsInvalid,
    StoreCorrupt,
    StoreRewound,
)
from licet.ledger.batch import Seals
from licet.ledger.checkpointing import log_key
from licet.ledger.fsck import check_continues, check_edge, check_outside, hash_of
from licet.ledger.ports import Clock
from licet.ledger.publisher import CheckpointFile, Disk
from licet.ledger.sequencer import Sequencer
from licet.protocol.types import Origin
from licet.receipt.keys import PrivateKey
from licet.receipt.signer import Ed25519LogSigner, self_test
from licet.store.port import Head, Store
from licet.store.sqlite import open_store
from licet.tlog.note import NoteKey
from licet.verify.trust import TrustSet, parse_trust
from licet.wiring.home import Home, read_key, read_secret
from licet.wiring.room import DatabaseRoom
from licet.wiring.settings import Settings, load_settings
from licet.wiring.timing import demand_clock, record_clock

SQLITE_SCHEME = "sqlite:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A home that decides, until ``close``."""

    home: Home
    settings: Settings
    authority: Authority
    engine: str
    head: Head
    trust: bytes
    _store: Store
    _sequencer: Sequencer
    _publisher: CheckpointFile

    def close(self) -> None:
        """Write what is queued, publish the checkpoint, close the store, let go of the lock."""
        self._sequencer.close()
        self._publisher.close()
        self._store.close()


def open_home(
    home: Home,
    env: Mapping[str, str],
    *,
    fatal: Callable[[LicetError], None] | None = None,
    accept_clock_s: int | None = None,
    clock: Clock | None = None,
    disk: Disk | None = None,
) -> Running:
    """Check a home and start its authority. ``fatal`` is told when the process must not write any more.

    ``accept_clock_s`` is the time by an operator's own clock: it is recorded, and a clock far ahead of the
    log is believed. Tests give ``clock``, and ``disk``, which keeps the last checkpoint.

    Raises:
        StopHere: something an operator must mend; nothing was changed.
        RaiseTheAlarm: the evidence contradicts itself; nothing was changed.
    """
    settings = load_settings(home.settings, env)  # 1
    _demand_modes(home)
    receipt_key, log_signer = read_key(home.key("receipt")), _log_signer(home, settings)
    trust_bytes = read_trust_file(home)
    trust = parse_trust(trust_bytes)
    store = open_store(database_path(home, settings), origin=Origin(settings.log.origin))  # 2, 3
    try:
        key = _checked_keys(trust, receipt_key, log_signer)  # 4
        clock = clock or SystemClock()
        seals = Seals(receipts=receipt_key, log=log_signer, clock=clock, entropy=SystemEntropy())
        head = _checked_head(home, store, trust, key, seals=seals, named_s=accept_clock_s)  # 5 - 7
        publisher = CheckpointFile(home.last_checkpoint, disk=disk)
        sequencer = Sequencer(store, seals, committed=publisher.offer, fatal=fatal or _nobody)
        deciding = _deciding(home, settings, store, seals)
        deciding.shelf.active(store.active())  # compile now, not under the first request
        sequencer.start()  # 8
    except BaseException:
        store.close()
        raise
    publisher.start()
    # A process that died between a commit and its publication left an older checkpoint outside.
    publisher.offer(head)
    authority = Authority(
        deciding=deciding,
        sequencer=sequencer,
        reading=Reading(store=store, log_key=key),
        roots=trust.root.keys,
        receipt_keys=(receipt_key.public,),
        origin=head.origin,
    )
    return Running(
        home=home,
        settings=settings,
        authority=authority,
        engine=store.engine,
        head=head,
        trust=trust_bytes,
        _store=store,
        _sequencer=sequencer,
        _publisher=publisher,
    )


def database_path(home: Home, settings: Settings) -> Path:
    """Where the settings put the database.

    Raises:
        SettingsInvalid: another store than this version has.
    """
    if not settings.store.url.startswith(SQLITE_SCHEME):
        raise SettingsInvalid(
            f"the store `{settings.store.url}` is not one this version opens",
            mend='write url = "sqlite:data/licet.db"',
        )
    return home.root / settings.store.url.removeprefix(SQLITE_SCHEME)


def _demand_modes(home: Home) -> None:
    for path in home.secrets():
        if path.exists():
            read_secret(path)


def _read_checkpoint(home: Home) -> str:
    try:
        return home.last_checkpoint.read_bytes().decode("utf-8")
    except FileNotFoundError as error:
        # Attack: an old copy of the store put back, and the file that would tell removed.
        raise StoreRewound(
            f"`{home.last_checkpoint}` is missing: nothing outside the store says how far the log has come",
            mend="put the newest checkpoint of this log there that a backup, witness or verifier holds",
        ) from error
    except UnicodeDecodeError as error:
        raise StoreCorrupt(
            f"`{home.last_checkpoint}` is no checkpoint",
            mend="put the newest checkpoint of this log there that a backup, witness or verifier holds",
        ) from error


def _log_signer(home: Home, settings: Settings) -> Ed25519LogSigner:
    return Ed25519LogSigner(settings.log.origin, read_key(home.key("log")))


def read_trust_file(home: Home) -> bytes:
    """The bytes of the home's trust file.

    Raises:
        SettingsInvalid: it is missing.
    """
    try:
        return home.trust_file.read_bytes()
    except FileNotFoundError as error:
        raise SettingsInvalid(
            f"`{home.trust_file}` is missing", mend="restore it from a verifier or a backup of this home"
        ) from error


def _checked_keys(trust: TrustSet, receipt_key: PrivateKey, log_signer: Ed25519LogSigner) -> NoteKey:
    self_test(receipt_key)
    self_test(log_signer)
    key = log_key(log_signer)
    listed = receipt_key.kid in trust.keys and key.vkey() in {log.key.vkey() for log in trust.logs}
    if not listed:
        # Attack: a key file of another home would sign receipts that no verifier of this one accepts.
        raise KeyInvalid(
            "the receipt or log key is not the one that this home's trust file names",
            mend="put the key files of this home back into data/keys",
        )
    return key


def _checked_head(
    home: Home, store: Store, trust: TrustSet, key: NoteKey, *, seals: Seals, named_s: int | None
) -> Head:
    head = check_edge(store, key)  # 5
    demand_clock(head, seals.clock.wall_ms(), named_s=named_s, home=home)  # 6
    check_outside(store, head, _read_checkpoint(home), key)  # 7
    check_continues(store, head, trust.as_of.size, hash_of(trust.as_of.root))
    # Nothing was written before this line: every other reason to refuse has been looked for.
    return head if named_s is None else record_clock(store, seals, head, named_s)


def _deciding(home: Home, settings: Settings, store: Store, seals: Seals) -> Deciding:
    room = DatabaseRoom(database_path(home, settings))
    return Deciding(
        store=store,
        shelf=PolicyShelf(store),
        clock=seals.clock,
        entropy=seals.entropy,
        disk=DiskWatch(room=room, low_bytes=settings.disk.low_mark_mib * MIB),
    )


def _nobody(_: LicetError) -> None:
    """An embedded authority has no process to end: every further ask answers `not_recorded`."""
