"""The cases of ``vectors/verify``: evidence, and how each verifier must end on it.

A name says it: ``*_ok`` is VERIFIED; ``v06_..._fail`` has V06 FAILED; ``v05_..._cannot`` has V05 CANNOT, and
no FAILED anywhere. What a case is about is written by hand; the full list of steps beside it is what our
verifier found, for others to agree with.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass, replace

from licet.protocol.types import Digest, EntityRef, FreezeScope, JsonObject, LeafIndex, ScopeKind
from licet.receipt.statement import Anchor, Link, decision_document, jws_digest
from licet.tlog.note import Algorithm, parse_note
from sample_evidence import (
    DENIED,
    FACTS,
    LATE_FROM,
    LATE_KEY,
    NO_POLICY,
    OBSERVED,
    PERMIT,
    RECEIPT_KEY,
    REQUEST,
    RETIRED_AT,
    RETIRED_KEY,
    REVOKED_KEY,
    SILENT,
    SUSPECT_FROM,
    activated,
    claimed,
    completed,
    decided,
    executor_statement,
    founded,
    frozen,
    lifted,
    placed,
    proof_of,
    revoked,
    sealed,
    stamp,
    trust_json,
)
from sample_log import LOG, signer

RETIRED_LOG_UNTIL = 4
ABSENT = object()


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One folder. ``expects`` is the step that the name speaks of; None when all of V01 to V12 are OK."""

    name: str
    about: str
    jws: str
    proof: str | None
    trust: str = "main"
    leaf: str | None = None
    expects: tuple[str, str] | None = None


def trusts() -> dict[str, JsonObject]:
    """The trust files that cases name."""
    keys = copy.deepcopy(trust_json()["keys"])
    keys[-1]["until"] = RETIRED_LOG_UNTIL
    quorum_of_none = f"log {LOG.key.vkey()}\nquorum none\n"
    return {
        "main": trust_json(),
        "retired-log": trust_json(keys=keys),
        "no-witness": trust_json(policy=quorum_of_none),
    }


def changed(document: JsonObject, **members: object) -> JsonObject:
    """``document`` with members set (``a__b`` reaches inside) or taken out (``ABSENT``)."""
    result = copy.deepcopy(document)
    for path, value in members.items():
        *outer, name = path.split("__")
        inner = result
        for step in outer:
            inner = inner[step]
        if value is ABSENT:
            del inner[name]
        else:
            inner[name] = value
    return result


def ok(name: str, about: str, document: JsonObject, *, trust: str = "main", **place: object) -> Case:
    jws = sealed(document, place.pop("key", RECEIPT_KEY))
    return Case(name=f"{name}_ok", about=about, jws=jws, proof=placed(jws, **place), trust=trust)


def bad(code: str, name: str, about: str, jws: str, proof: str | None = None, **more: object) -> Case:
    """A case whose step ``code`` is FAILED; without a proof of its own it carries the permit's."""
    case = Case(name=f"{code.lower()}_{name}_fail", about=about, jws=jws, proof=proof, **more)
    given = placed(PERMIT) if proof is None else proof
    return replace(case, proof=given, expects=(code, "failed"))


def cannot(code: str, name: str, about: str, jws: str, proof: str | None, **more: object) -> Case:
    """A case whose step ``code`` is CANNOT."""
    case = Case(name=f"{code.lower()}_{name}_cannot", about=about, jws=jws, proof=proof, **more)
    return replace(case, expects=(code, "cannot"))


def good_decisions() -> Iterator[Case]:
    link = Link(receipt_id=stamp(1).receipt_id, index=LeafIndex(1), digest=jws_digest("earlier"))
    anchored = Anchor(size=2, root=Digest(f"sha256:{'a' * 64}"))
    superseding = decision_document(
        replace(REQUEST, parent=stamp(9).receipt_id),
        SILENT,
        facts=FACTS,
        stamp=stamp(2),
        supersedes=link,
        anchor=anchored,
    )
    yield ok("genesis", "two of three root keys signed the first leaf", founded(), index=0)
    yield ok("genesis_of_one_leaf", "the smallest log: no hash in the proof", founded(), index=0, size=1)
    yield ok("activation", "a bundle activated by a root key; ß in the reason", activated(), index=1)
    yield ok("permit", "a PERMIT", decided())
    yield ok("permit_far_right", "the last leaf of 70", decided(), index=69, size=70)
    yield ok("permit_in_257", "a leaf behind the first full tile", decided(), index=256, size=257)
    yield ok(
        "permit_without_witness",
        "the trust file demands no quorum",
        decided(),
        cosigned=False,
        trust="no-witness",
    )
    yield ok("deny", "a DENY", decided(DENIED))
    yield ok("silence", "a SILENCE: nothing permits it", decided(SILENT))
    yield ok("silence_observed", "a surface in observe mode", decided(OBSERVED))
    yield ok("silence_without_policy", "no bundle was active: policy is null", decided(NO_POLICY))
    yield ok("silence_with_links", "parent, supersedes and anchor", superseding)
    yield ok("target_absent", "a request without a target", changed(decided(), request__target=None))


def good_uses() -> Iterator[Case]:
    yield ok("claim", "the first use of a permit", claimed(), index=3)
    yield ok("claim_without_claim_id", "claim_id is optional", changed(claimed(), claim_id=ABSENT), index=3)
    yield ok("completion", "reported through the API", completed(), index=4)
    yield ok(
        "completion_signed",
        "with the executor's own statement",
        completed(executor=executor_statement()),
        index=4,
    )
    yield ok(
        "completion_utf16_order",
        "member names that UTF-16 and code points sort differently",
        completed(actual={"\ufb33": 1, "\U0001f600": 2, "€": 3, "a": 4}),
        index=4,
    )


def good_stops() -> Iterator[Case]:
    agent = EntityRef(type="agent", id="finance-bot")
    yield ok("freeze", "a surface is frozen", frozen(), index=3)
    for kind in (ScopeKind.ALL, ScopeKind.TENANT):
        yield ok(f"freeze_{kind}", f"scope {kind}", frozen(FreezeScope(kind=kind)), index=3)
    scope = FreezeScope(kind=ScopeKind.ACTOR, actor=agent)
    yield ok("freeze_actor", "one actor is frozen", frozen(scope), index=3)
    yield ok("freeze_lifted", "a freeze is lifted: of names it", lifted(), index=4)
    yield ok("revocation", "an unclaimed permit is taken back", revoked(), index=3)


def good_places() -> Iterator[Case]:
    yield ok(
        "retired_key", "an older receipt of a retired key", decided(), index=RETIRED_AT - 1, key=RETIRED_KEY
    )
    yield ok(
        "revoked_key",
        "below the suspect range of a revoked key",
        decided(),
        index=SUSPECT_FROM - 1,
        key=REVOKED_KEY,
    )
    yield ok(
        "late_key", "the first index of a key", decided(), index=LATE_FROM, size=LATE_FROM + 1, key=LATE_KEY
    )
    yield ok(
        "log_key_until",
        "the last size that a retired log key may sign",
        decided(),
        size=RETIRED_LOG_UNTIL,
        trust="retired-log",
    )
    stranger = signer("w.example/2", Algorithm.COSIGNATURE, 7)
    base = proof_of(PERMIT)
    note = stranger.cosign(base.note, parse_note(base.note).text)
    yield Case(
        name="unknown_witness_line_ok",
        about="a line of a witness nobody here knows is ignored",
        jws=PERMIT,
        proof=replace(base, note=note).text(),
    )
