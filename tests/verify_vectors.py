"""``vectors/verify``: a folder per case for verifiers in any language; ``README`` says how to read them.

Written by ``python tests/verify_vectors.py``; a test holds the files against it.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import verify_cases
import verify_cases_proving
import verify_cases_reading
from licet.protocol.canonical import canonical_bytes
from licet.verify.receipt import verify_receipt
from licet.verify.report import Report
from licet.verify.trust import TrustSet, parse_trust
from verify_cases import Case, trusts

FOLDER = Path(__file__).resolve().parent.parent / "vectors" / "verify"
TRUST_FOLDER = "trust"

README = """# Vectors for verifiers

A folder per case. Feed `receipt.jws` (no newline at its end), `proof.tlog-proof` and `leaf.txt` (a leaf
hash in hex) where they stand, and `trust/<name>.json` as `case.json` names it, to a verifier at level
`receipt`, with no time given.

`case.json`: `about`, `trust`, `verdict` (`verified`, `failed`, `cannot`), `exit` (0, 10, 11) and `steps`,
the status of V01 to V16 (`ok`, `failed`, `cannot`, `skipped`, `not_evaluated`). Words of a result are not
compared. A name tells the rest: `*_ok`; `v06_*_fail`, where V06 is the first step that is not `ok`;
`v05_*_cannot`, where something is missing and nothing is wrong.

Keys, nonces and times are fixed, so the files never change by themselves. `python tests/verify_vectors.py`
writes them.
"""


def cases() -> list[Case]:
    """Every case, by name."""
    reading, proving = verify_cases_reading, verify_cases_proving
    groups = (
        verify_cases.good_decisions,
        verify_cases.good_uses,
        verify_cases.good_stops,
        verify_cases.good_places,
        reading.compact,
        reading.header,
        reading.payload_form,
        reading.payload_shape,
        reading.stop_shape,
        reading.unknown,
        reading.canonical,
        proving.key,
        proving.signature,
        proving.leaf,
        proving.proof,
        proving.checkpoint,
        proving.quorum,
        proving.inclusion,
        proving.key_index,
        proving.statements,
    )
    return sorted((case for group in groups for case in group()), key=lambda case: case.name)


def trust_bytes() -> dict[str, bytes]:
    """The trust files by name."""
    return {name: canonical_bytes(document) + b"\n" for name, document in trusts().items()}


def trust_sets() -> dict[str, TrustSet]:
    """The trust files, read."""
    return {name: parse_trust(content) for name, content in trust_bytes().items()}


def judged(case: Case, trust: TrustSet) -> Report:
    """What our verifier finds."""
    leaf = None if case.leaf is None else bytes.fromhex(case.leaf)
    return verify_receipt(case.jws, trust=trust, proof=case.proof, leaf=leaf)


def files() -> dict[str, bytes]:
    """Every file of the folder by its path."""
    sets = trust_sets()
    found = {"README.md": README.encode()}
    found |= {f"{TRUST_FOLDER}/{name}.json": content for name, content in trust_bytes().items()}
    for case in cases():
        report = judged(case, sets[case.trust])
        said = {
            "about": case.about,
            "trust": case.trust,
            "verdict": report.verdict.value,
            "exit": report.exit_code,
            "steps": {step.check.value: step.status.value for step in report.steps},
        }
        text = json.dumps(said, indent=1, ensure_ascii=True) + "\n"
        found[f"{case.name}/case.json"] = text.encode()
        found[f"{case.name}/receipt.jws"] = case.jws.encode()
        if case.proof is not None:
            found[f"{case.name}/proof.tlog-proof"] = case.proof.encode()
        if case.leaf is not None:
            found[f"{case.name}/leaf.txt"] = case.leaf.encode()
    return found


def write() -> None:
    """Write the folder anew."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    for name, content in files().items():
        place = FOLDER / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)


if __name__ == "__main__":
    write()
