"""Cases of V05 to V12: keys, signatures, proofs, and the statements that root keys signed."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import replace

from licet.protocol.canonical import canonical_bytes
from licet.protocol.types import Digest, JsonObject, JsonValue, Origin
from licet.receipt.jws import BUNDLE_TYP, encode_segment, header_segment
from licet.receipt.keys import thumbprint
from licet.tlog.checkpoint import Checkpoint
from licet.tlog.cosign import signature_line
from licet.tlog.note import Algorithm, add_lines, encode_base64, parse_note
from licet.tlog.proof import TlogProof
from sample_evidence import (
    ACTIVATION,
    DENIED,
    EXECUTOR_KEY,
    GENESIS,
    LATE_FROM,
    LATE_KEY,
    NOW_S,
    PERMIT,
    RECEIPT_KEY,
    RETIRED_AT,
    RETIRED_KEY,
    REVOKED_AT,
    REVOKED_KEY,
    ROOTS,
    STRANGE_ROOT,
    STRANGER,
    SUSPECT_FROM,
    activated,
    decided,
    founded,
    placed,
    proof_of,
    root_statements,
    sealed,
)
from sample_log import LOG, WITNESS, signer
from verify_cases import Case, bad, cannot, changed

OTHER_ORIGIN = Origin("other.example/licet/main")
OTHER_LOG = signer("other.example/licet/main", Algorithm.ED25519, 5)
THIEF_LOG = signer("example.com/licet/main", Algorithm.ED25519, 6)


def key() -> Iterator[Case]:
    for role, owner in (("root", ROOTS[0]), ("executor", EXECUTOR_KEY)):
        yield bad("V05", f"key_of_{role}", f"signed by a key trusted as {role}", sealed(decided(), owner))
    log = _Named(LOG)
    yield bad("V05", "key_of_log", "the log's key signs receipts", sealed(decided(), log))
    witness = _Named(WITNESS)
    yield bad("V05", "key_of_witness", "a witness's key signs receipts", sealed(decided(), witness))
    jws = sealed(decided(), STRANGER)
    yield cannot("V05", "stranger", "a key nobody vouches for", jws, placed(jws))


class _Named:
    """A note signer that signs receipts."""

    def __init__(self, owner: object) -> None:
        self.kid = thumbprint(owner.key.public)
        self.sign = owner.private.sign


def signature() -> Iterator[Case]:
    head, payload, sign = PERMIT.split(".")
    raw = base64.urlsafe_b64decode(sign + "==")
    order = 2**252 + 27742317777372353535851937790883648493
    lifted = raw[:32] + (int.from_bytes(raw[32:], "little") + order).to_bytes(32, "little")
    _, denied, _ = sealed(decided(DENIED)).split(".")
    stolen = header_segment(RECEIPT_KEY.kid, "licet-receipt+jws")
    other = sealed(decided(), STRANGER).split(".")[2]
    yield bad("V06", "empty", "no signature at all", f"{head}.{payload}.")
    yield bad("V06", "unsigned_literal", "the word unsigned", f"{head}.{payload}.unsigned")
    yield bad("V06", "other_payload", "the signature of another receipt", f"{head}.{denied}.{sign}")
    yield bad("V06", "other_key", "another key under a trusted name", f"{stolen}.{payload}.{other}")
    yield bad(
        "V06",
        "one_bit",
        "one bit of the signature",
        f"{head}.{payload}.{encode_segment(bytes([raw[0] ^ 1]) + raw[1:])}",
    )
    yield bad("V06", "short", "63 bytes", f"{head}.{payload}.{encode_segment(raw[:-1])}")
    yield bad(
        "V06",
        "malleable",
        "S + the group's order: a second signature for one message",
        f"{head}.{payload}.{encode_segment(lifted)}",
    )
    yield bad(
        "V06",
        "small_order_r",
        "R is the identity",
        f"{head}.{payload}.{encode_segment(bytes([1]) + bytes(63))}",
    )


def leaf() -> Iterator[Case]:
    yield bad("V07", "other", "the leaf beside it is of another receipt", PERMIT, leaf="0" * 64)


def proof() -> Iterator[Case]:
    base = proof_of(PERMIT)
    text = base.text()
    first = text.split("\n")[2]
    body = parse_note(base.note).text
    extended = LOG.sign_note(f"{body}extension\n")
    narrow = encode_base64(base64.b64decode(first)[:-1])
    yield cannot("V08", "absent", "no proof", PERMIT, None)
    broken = {
        "empty": ("", "an empty file"),
        "first_line": (text.replace("@v1", "@v2"), "another version"),
        "index_outside": (_raw(5, base), "the index is the size"),
        "index_outside_two_hashes": (
            replace(base, index=5, hashes=base.hashes[:2]).text(),
            "the index is the size, with as many hashes as the arithmetic asks for",
        ),
        "index_far_outside": (_raw(2**40, base), "an index beyond every tree"),
        "index_leading_zero": (text.replace("index 2", "index 02"), "a number in another spelling"),
        "index_negative": (text.replace("index 2", "index -1"), "below the first leaf"),
        "hash_missing": (text.replace(f"{first}\n", "", 1), "one hash too few"),
        "hash_more": (text.replace(first, f"{first}\n{first}", 1), "one hash too many"),
        "hash_narrow": (text.replace(first, narrow, 1), "31 bytes"),
        "hash_trailing_bits": (text.replace(first, f"{first[:-2]}{_next(first[-2])}=", 1), "bits left over"),
        "line_ends": (text.replace("\n", "\r\n"), "lines that end in CR LF"),
        "no_checkpoint": (text.split("\n\n")[0] + "\n\n", "hashes that lead nowhere"),
        "no_signature_line": (text.split("\n\n")[0] + "\n\n" + body, "a checkpoint nobody signed"),
        "extension_line": (_with_note(base, extended), "a checkpoint with a fourth line"),
        "size_zero": (_with_note(base, LOG.sign_note(body.replace("\n5\n", "\n0\n"))), "the empty log"),
    }
    for name, (content, about) in broken.items():
        yield bad("V08", name, about, PERMIT, content)


def _raw(index: int, base: TlogProof) -> str:
    return base.text().replace("index 2", f"index {index}")


def _with_note(base: TlogProof, note: str) -> str:
    return base.text().partition("\n\n")[0] + "\n\n" + note


def _next(char: str) -> str:
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    return alphabet[alphabet.index(char) + 1]


def checkpoint() -> Iterator[Case]:
    stolen = f"{proof_of(PERMIT).note}".replace(
        parse_note(proof_of(PERMIT).note).text.split("\n")[2], encode_base64(bytes(32))
    )
    elsewhere = sealed(decided(origin=OTHER_ORIGIN))
    forged = replace(THIEF_LOG, key=LOG.key)
    yield bad(
        "V09",
        "other_origin",
        "a proof from the log of somebody else",
        PERMIT,
        placed(PERMIT, origin=OTHER_ORIGIN, log=OTHER_LOG),
    )
    yield bad(
        "V09",
        "bad_log_signature",
        "another key under the log's name and id",
        PERMIT,
        placed(PERMIT, log=forged),
    )
    yield bad(
        "V09",
        "other_root",
        "another root under the old signature",
        PERMIT,
        _with_note(proof_of(PERMIT), stolen),
    )
    yield bad(
        "V09",
        "retired_log_key",
        "a size beyond the log key's until",
        PERMIT,
        placed(PERMIT),
        trust="retired-log",
    )
    yield cannot(
        "V09",
        "unknown_origin",
        "a log the trust file does not know",
        elsewhere,
        placed(elsewhere, origin=OTHER_ORIGIN, log=OTHER_LOG),
    )
    yield cannot(
        "V09", "unknown_log_key", "the right name, a key nobody knows", PERMIT, placed(PERMIT, log=THIEF_LOG)
    )


def quorum() -> Iterator[Case]:
    base = proof_of(PERMIT)
    body = parse_note(base.note).text
    forged = signature_line(WITNESS.key, bytes(64), NOW_S)
    alone = LOG.sign_note(body)
    yield bad(
        "V10",
        "bad_cosignature",
        "a known witness's line that is not its own",
        PERMIT,
        replace(base, note=add_lines(alone, [forged])).text(),
    )
    yield bad(
        "V10",
        "second_line_bad",
        "a good line and a bad one of one witness",
        PERMIT,
        replace(base, note=add_lines(base.note, [forged])).text(),
    )
    yield cannot("V10", "not_met", "no witness saw it", PERMIT, placed(PERMIT, cosigned=False))


def inclusion() -> Iterator[Case]:
    base = proof_of(PERMIT)
    denied = sealed(decided(DENIED))
    hashes = (bytes(32), *base.hashes[1:])
    yield bad("V11", "other_receipt", "the proof of another receipt", denied, placed(PERMIT))
    yield bad("V11", "other_index", "the right hashes for the neighbour's index", PERMIT, _raw(3, base))
    yield bad("V11", "other_hash", "one hash replaced", PERMIT, replace(base, hashes=hashes).text())
    swapped = replace(base, hashes=(base.hashes[1], base.hashes[0], *base.hashes[2:]))
    yield bad("V11", "hashes_swapped", "the right hashes in another order", PERMIT, swapped.text())
    empty = Checkpoint(origin=Origin(LOG.key.name), size=5, root=bytes(32)).body()
    note = WITNESS.cosign(LOG.sign_note(empty), empty)
    yield bad(
        "V11",
        "other_tree",
        "a checkpoint of another tree, genuinely signed",
        PERMIT,
        replace(base, note=note).text(),
    )


def key_index() -> Iterator[Case]:
    for name, owner, index, about in (
        ("retired", RETIRED_KEY, RETIRED_AT, "signed after the key was retired"),
        ("revoked", REVOKED_KEY, REVOKED_AT, "signed after the key was revoked"),
        ("early", LATE_KEY, LATE_FROM - 1, "signed before the key began"),
    ):
        jws = sealed(decided(), owner)
        yield bad("V12", f"{name}_key", about, jws, placed(jws, index=index, size=index + 1))
    jws = sealed(decided(), REVOKED_KEY)
    yield cannot(
        "V12", "suspect_range", "a revoked key, perhaps after its theft", jws, placed(jws, index=SUSPECT_FROM)
    )


def statements() -> Iterator[Case]:
    one, two = ROOTS[:2]
    other = replace(GENESIS, reason="another")
    forged = root_statements(one)[0].rpartition(".")[0] + "." + encode_segment(bytes(64))
    mixed = root_statements(one) + root_statements(two, genesis=other)
    unlike = replace(ACTIVATION, digest=Digest(f"sha256:{'9' * 64}"))
    bad_words = _restated(activated(), b"not a statement")
    documents: dict[str, tuple[JsonObject, str]] = {
        "genesis_too_few": (founded(root_statements(one)), "one root key where two are needed"),
        "genesis_unsigned": (founded([]), "no root key at all"),
        "genesis_one_twice": (founded(root_statements(one, one)), "one root key, twice"),
        "genesis_forged": (founded([*root_statements(two), forged]), "a root statement with a bad signature"),
        "genesis_mixed": (founded(mixed), "a root statement over another key list"),
        "genesis_wrong_role": (
            founded(root_statements(one, RECEIPT_KEY)),
            "the receipt key speaks for itself",
        ),
        "genesis_other_log": (
            founded(root_statements(one, two, origin=OTHER_ORIGIN)),
            "root statements for another log",
        ),
        "activation_other": (activated(signed=unlike), "a root signature for another bundle"),
        "activation_wrong_role": (activated(signer=RECEIPT_KEY), "activated by the receipt key"),
        "activation_not_a_statement": (bad_words, "a root signature over anything"),
    }
    for name, (document, about) in documents.items():
        jws = sealed(document)
        yield bad("V12", name, about, jws, placed(jws))
    later = _restated(activated(), canonical_bytes({"v": 2}))
    strange: dict[str, tuple[JsonValue, str]] = {
        "genesis_unpinned": (founded(root_statements(one, STRANGE_ROOT)), "a root key that is not pinned"),
        "activation_unpinned": (activated(signer=STRANGE_ROOT), "a root key that is not pinned"),
        "activation_later_version": (later, "a root statement of a later version"),
    }
    for name, (document, about) in strange.items():
        jws = sealed(document)
        yield cannot("V12", name, about, jws, placed(jws))


def _restated(document: JsonObject, payload: bytes) -> JsonObject:
    """An activation whose root statement says ``payload``, genuinely signed."""
    signed = f"{header_segment(ROOTS[0].kid, BUNDLE_TYP)}.{encode_segment(payload)}"
    jws = f"{signed}.{encode_segment(ROOTS[0].sign(signed.encode()))}"
    return changed(document, by__statement=jws)
