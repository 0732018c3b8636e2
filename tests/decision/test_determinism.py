"""The same inputs give the same bytes in every process, whatever its hash seed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PROGRAM = """
import hashlib
from sample_bundles import FORBID, NOW_MS, PERMIT, compiled, payment, door_request, small, starter_files
from licet.decision.decide import decide
from licet.decision.facts import look
from licet.decision.snapshot import ActiveBundle
from licet.policy.schema_gen import cedar_schema
from licet.protocol.canonical import canonical_bytes
from licet.protocol.types import MAIN_TENANT, Origin, ReceiptId
from licet.receipt.statement import Stamp, decision_document

rules = [PERMIT.replace("open-few", f"p{n}") for n in range(12)]
rules += [FORBID.replace("open-many", f"f{n}") for n in range(12)]
starter, door = compiled(starter_files()), small("".join(rules))
receipt_id = ReceiptId("01999999-9999-7999-8999-999999999999")
stamp = Stamp(
    receipt_id=receipt_id, origin=Origin("o"), tenant=MAIN_TENANT, issued_s=NOW_MS // 1000, nonce="0" * 32
)
asked = [(starter, payment(n)) for n in (0, 4000, 80000, 400000)]
asked += [(door, door_request(n)) for n in (5, 11, 51, 101)]
for bundle, request in asked:
    active = ActiveBundle(compiled=bundle, version=2)
    seen = look(request, active=active, tenant=MAIN_TENANT, now_ms=NOW_MS, salt=bytes(32))
    decision = decide(request, seen)
    document = decision_document(request, decision, facts=seen.facts_digest(), stamp=stamp)
    print(canonical_bytes(document).decode(), [said.document() for said in decision.explanation])
for bundle in (starter, door):
    print(bundle.digest, hashlib.sha256(bundle.bundle.pack()).hexdigest())
    for surface in bundle.surfaces.values():
        print(cedar_schema(surface.declaration, surface.declaration.actions))
"""


def spoken(seed: str) -> str:
    environment = {
        **os.environ,
        "PYTHONHASHSEED": seed,
        "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT / 'tests'}",
    }
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_three_hash_seeds_say_the_same_bytes():
    first, *others = [spoken(seed) for seed in ("0", "1", "4242")]

    assert first.count('"outcome"') == 8
    assert others == [first, first]
