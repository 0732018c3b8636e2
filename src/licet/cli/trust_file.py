"""The trust that a verifier is given: a folder, or its `trust.json`; never what comes with evidence."""

from __future__ import annotations

from pathlib import Path

from licet.cli.files import read_file
from licet.errors import Usage
from licet.protocol.limits import TRUST_BYTES_MAX
from licet.verify.trust import TrustSet, parse_trust

MEND = "take the `trust/` folder of the issuer's home (`licet init` writes it) and give it with --trust DIR"


def read_trust(name: str) -> TrustSet:
    """The trust set in the folder or file ``name``.

    Raises:
        Usage: it cannot be read.
        LicetError: a trust file that cannot be used.
    """
    path = Path(name)
    try:
        content = read_file(str(path / "trust.json" if path.is_dir() else path), bytes_max=TRUST_BYTES_MAX)
    except Usage as error:
        raise Usage(error.message, mend=MEND) from error
    return parse_trust(content)
