"""The pinned trust of an enforcement point: a folder, a file, bytes, or what was read before."""

from __future__ import annotations

from pathlib import Path
from typing import Final, TypeAlias

from licet.errors import SettingsInvalid
from licet.protocol import limits
from licet.verify.trust import TrustSet, parse_trust

Trust: TypeAlias = TrustSet | bytes | str | Path

TRUST_FILE: Final = "trust.json"


def load_trust(trust: Trust) -> TrustSet:
    """The trust set in ``trust``: keys never come from the server that is being checked.

    Raises:
        SettingsInvalid: no such file, or one that cannot be read.
        LicetError: a trust file that cannot be used (``verify/trust.py``).
    """
    if isinstance(trust, TrustSet):
        return trust
    if isinstance(trust, bytes):
        return parse_trust(trust)
    place = Path(trust)
    file = place / TRUST_FILE if place.is_dir() else place
    try:
        with file.open("rb") as opened:
            return parse_trust(opened.read(limits.TRUST_BYTES_MAX + 1))
    except OSError as error:
        raise SettingsInvalid(
            f"the trust file `{file}` cannot be read: {error.strerror or error}",
            mend="pass the `trust/` folder that `licet init` wrote, or a copy of it",
        ) from error
