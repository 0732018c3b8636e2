"""Looking at a home that must not decide: its log is recomputed from stored bytes, and nothing is started.

The public half of the log's key comes from the trust file, so this needs no secret and runs where a start
refuses (``storage.md`` 11).
"""

from __future__ import annotations

from collections.abc import Mapping

from licet.errors import KeyInvalid, LicetError
from licet.ledger.fsck import LogReport, Problem, check_log, check_outside
from licet.protocol.types import JsonObject, Origin
from licet.service.shown import log_report
from licet.store.port import Store
from licet.store.sqlite import open_store
from licet.tlog.note import NoteKey
from licet.verify.trust import parse_trust
from licet.wiring.home import Home
from licet.wiring.opening import database_path, read_trust_file
from licet.wiring.settings import load_settings


def inspect_home(home: Home, env: Mapping[str, str]) -> JsonObject:
    """The report of ``licet log verify`` on a home that nobody serves.

    Raises:
        StopHere: no home, another process holds it, or its trust file cannot be used.
        StoreCorrupt: the database is too damaged to be read at all.
    """
    settings = load_settings(home.settings, env)
    origin = Origin(settings.log.origin)
    key = log_key_of(read_trust_file(home), origin)
    store = open_store(database_path(home, settings), origin=origin)
    try:
        return log_report(inspect_store(store, key, _kept_outside(home)))
    finally:
        store.close()


def inspect_store(store: Store, key: NoteKey, outside: str | None) -> LogReport:
    """Everything a full check finds, and whether the store continues the checkpoint kept outside of it."""
    report = check_log(store, key)
    problems = list(report.problems)
    try:
        store.verify_integrity()
    except LicetError as error:
        problems.append(Problem(index=None, code="database", detail=error.message))
    if outside is not None:
        try:
            check_outside(store, store.head(), outside, key)
        except LicetError as error:
            problems.append(Problem(index=None, code=error.code, detail=error.message))
    return LogReport(
        origin=report.origin,
        size=report.size,
        root=report.root,
        checked=report.checked,
        problems=tuple(problems),
    )


def log_key_of(trust: bytes, origin: Origin) -> NoteKey:
    """The public key of the log ``origin`` in a trust file.

    Raises:
        KeyInvalid: the trust file does not name that log, or names a key that was retired.
    """
    for log in parse_trust(trust).logs:
        if log.key.name == origin and log.until is None:
            return log.key
    raise KeyInvalid(
        f"the trust file names no current key of the log `{origin}`",
        mend="put the trust folder of this home back",
    )


def _kept_outside(home: Home) -> str | None:
    try:
        return home.last_checkpoint.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
