"""What `licet doctor` looks at in a home, one function per check. It writes one temporary file, no more."""

from __future__ import annotations

import os
import platform
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from enum import StrEnum
from importlib.metadata import version
from typing import TYPE_CHECKING, Final, NamedTuple

from licet import __version__
from licet.cli.bundle_files import read_bundle
from licet.errors import LicetError, RaiseTheAlarm
from licet.gate.clock import SystemClock
from licet.policy.build import build_bundle
from licet.policy.bundle import Bundle
from licet.protocol.ed25519 import verify
from licet.tlog.checkpoint import parse_checkpoint
from licet.tlog.note import parse_note
from licet.verify.trust import parse_trust
from licet.wiring.environment import environment
from licet.wiring.home import Home, read_key
from licet.wiring.settings import load_settings

if TYPE_CHECKING:
    from licet.cli.connection import Line
    from licet.tlog.checkpoint import Checkpoint

MIB: Final = 1024 * 1024
CLOCK_BACK_S: Final = 1
CLOCK_AHEAD_S: Final = 7 * 24 * 3600
_PROBE: Final = b"licet doctor: a signature over this line permits nothing"
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


class State(StrEnum):
    """How a check ended; FAIL alone is loud."""

    OK = "ok"
    WARN = "warn"
    FAIL = "FAIL"


class Check(NamedTuple):
    """One line of the doctor. ``alarm``: evidence contradicts itself."""

    name: str
    state: State
    fact: str
    mend: str = ""
    alarm: bool = False


def look_at_home(home: Home) -> Iterator[Check]:
    """Every check that needs no authority."""
    for name, look in _LOOKS.items():
        yield guarded(name, lambda look=look: look(home))  # type: ignore[misc]  # the default binds the loop's value


def guarded(name: str, look: Callable[[], Check]) -> Check:
    """The check, or the error that kept it from an answer as a FAIL."""
    try:
        return look()
    except LicetError as error:
        alarm = isinstance(error, RaiseTheAlarm)
        return Check(name, State.FAIL, error.message, error.mend or f"licet help {error.code}", alarm)
    except OSError as error:
        return Check(
            name, State.FAIL, f"`{error.filename}`: {(error.strerror or '').lower()}", "look at that file"
        )


def look_at_authority(line: Line, home: Home | None) -> Iterator[Check]:
    """Every check that asks the authority itself, served or embedded."""
    yield guarded("ready", lambda: _ready(line))
    yield guarded("clock", lambda: _clock(line))
    yield guarded("checkpoint", lambda: _checkpoint(line, home))


def _versions(_home: Home) -> Check:
    engines = ", ".join(f"{name} {version(name)}" for name in ("cedarpy", "apsw", "cryptography"))
    return Check("versions", State.OK, f"licet {__version__}, Python {platform.python_version()}, {engines}")


def _modes(home: Home) -> Check:
    secrets = [home.key(role) for role in ("root", "receipt", "log")]
    secrets += [path for path in (home.owner_token, home.executor_token) if path.exists()]
    for path in [home.data, *secrets]:
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & _OTHERS:
            wanted = "700" if path == home.data else "600"
            return Check(
                "modes", State.FAIL, f"`{path}` is open to others ({mode:04o})", f"chmod {wanted} {path}"
            )
    return Check("modes", State.OK, f"{len(secrets)} secret files are for their owner alone")


def _root_key(home: Home) -> Check:
    path = home.key("root")
    if path.exists():
        mend = f"keep {path} on another machine; only `policy activate` needs it"
        return Check("root key", State.WARN, "the root key lies beside the log it speaks for", mend)
    return Check("root key", State.OK, "the root key is kept elsewhere")


def _disk(home: Home) -> Check:
    free_mib = shutil.disk_usage(home.data).free // MIB
    low_mib = load_settings(home.settings, environment()).disk.low_mark_mib
    with tempfile.NamedTemporaryFile(dir=home.data, prefix=".doctor-") as probe:
        probe.write(_PROBE)
        probe.flush()
        os.fsync(probe.fileno())
    if free_mib < low_mib:
        fact = f"{free_mib} MiB free: below {low_mib} MiB no new PERMIT is given"
        return Check("disk", State.FAIL, fact, "free some space")
    return Check("disk", State.OK, f"{free_mib} MiB free; a file was written and fsynced")


def _bundle(home: Home) -> Check:
    compiled = build_bundle(Bundle.from_files(read_bundle(home.bundle)))
    warnings = len(compiled.warnings)
    told = f", {warnings} warnings" if warnings else ""
    fact = f"bundle/ builds: {compiled.head.name}, {len(compiled.policies)} policies{told}"
    return Check(
        "bundle", State.WARN if warnings else State.OK, fact, "licet policy check" if warnings else ""
    )


def _keys(home: Home) -> Check:
    trust = parse_trust(home.trust_file.read_bytes())
    for role in ("receipt", "log", "root"):
        if role == "root" and not home.key(role).exists():
            continue
        key = read_key(home.key(role))
        if not verify(key.public, _PROBE, key.sign(_PROBE)):
            return Check(
                "keys", State.FAIL, f"the {role} key does not verify its own signature", "check the memory"
            )
        if key.kid not in trust.roles:
            fact = f"the {role} key is not in trust/trust.json"
            return Check("keys", State.FAIL, fact, "restore key and trust folder from one backup")
    return Check("keys", State.OK, "each key signs, verifies, and stands in the trust file")


_LOOKS: Final[dict[str, Callable[[Home], Check]]] = {
    "versions": _versions,
    "modes": _modes,
    "root key": _root_key,
    "disk": _disk,
    "bundle": _bundle,
    "keys": _keys,
}


def _ready(line: Line) -> Check:
    _, document = line.probe("/readyz")
    checks = document.get("checks")
    failing = [
        f"{check.get('name')}: {check.get('detail')}"
        for check in (checks if isinstance(checks, list) else [])
        if isinstance(check, dict) and check.get("ok") is not True
    ]
    if document.get("ready") is True:
        return Check("ready", State.OK, f"{line.place} is ready")
    return Check(
        "ready", State.FAIL, "; ".join(failing) or "not ready", "mend what it names; no permit until then"
    )


def _clock(line: Line) -> Check:
    page = line.get("/v1/receipts?limit=1")
    rows = page.get("receipts")
    newest = rows[0].get("issued") if isinstance(rows, list) and rows and isinstance(rows[0], dict) else None
    if not isinstance(newest, int):
        return Check("clock", State.OK, "no receipt to compare with yet")
    ahead_s = SystemClock().now().unix_s - newest
    if ahead_s < -CLOCK_BACK_S:
        fact = f"this machine is {-ahead_s} s behind the newest receipt"
        return Check("clock", State.FAIL, fact, "set the clock; nothing is signed until it passes that time")
    if ahead_s > CLOCK_AHEAD_S:
        return Check(
            "clock", State.WARN, f"the newest receipt is {ahead_s // 86400} days old", "check the clock"
        )
    return Check("clock", State.OK, "not behind the newest receipt")


def _checkpoint(line: Line, home: Home | None) -> Check:
    head = _read(line.text("/log/checkpoint"))
    if home is None:
        return Check("checkpoint", State.OK, f"{head.size} leaves in {head.origin}")
    kept = _read(home.last_checkpoint.read_text("utf-8"))
    mend = "keep every file; put the newest database back (licet help store_rewound)"
    if kept.size > head.size or (kept.size == head.size and kept.root != head.root):
        fact = f"the log has {head.size} leaves, but a checkpoint of {kept.size} was published"
        return Check("checkpoint", State.FAIL, fact, mend, alarm=True)
    return Check("checkpoint", State.OK, f"{head.size} leaves, not behind the last published checkpoint")


def _read(note: str) -> Checkpoint:
    return parse_checkpoint(parse_note(note).text)
