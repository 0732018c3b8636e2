"""The trust file: read strictly, since no signature catches its mistakes."""

from __future__ import annotations

import copy
import hashlib
import json

import pytest

from licet.errors import KeyInvalid, LicetError, Malformed, TooLarge, UnknownValue
from licet.protocol.canonical import canonical_bytes
from licet.protocol.types import JsonObject
from licet.receipt.keyring import Role
from licet.receipt.keys import log_entry, named_jwk, receipt_entry, thumbprint
from licet.tlog.note import Algorithm, note_key
from licet.verify.trust import parse_trust
from sample_evidence import (
    APPROVER_KEY,
    EXECUTOR_KEY,
    LATE_KEY,
    ORIGIN,
    POLICY,
    RECEIPT_KEY,
    RETIRED_KEY,
    REVOKED_KEY,
    ROOTS,
    STRANGER,
    TRUST,
    key_entry,
    trust_json,
)
from sample_log import LOG, WITNESS, signer
from verify_cases import ABSENT, changed

ROOT = "/" + "root"
"""A JSON pointer, and no folder of a machine."""


def refusal(document: JsonObject) -> LicetError:
    with pytest.raises(LicetError) as refused:
        parse_trust(canonical_bytes(document))
    return refused.value


def keys_with(*more: JsonObject) -> JsonObject:
    return trust_json(keys=[*trust_json()["keys"], *more])


def entry_with(**members: object) -> JsonObject:
    """The trust document with its first key changed."""
    document = copy.deepcopy(trust_json())
    document["keys"][0] = changed(document["keys"][0], **members)
    return document


def test_a_trust_file_is_read_into_keys_by_kid():
    assert {entry.role for entry in TRUST.keys.values()} == {Role.RECEIPT, Role.EXECUTOR, Role.APPROVER}
    assert TRUST.keys[RECEIPT_KEY.kid].public == RECEIPT_KEY.public
    assert (TRUST.keys[RETIRED_KEY.kid].from_index, TRUST.keys[RETIRED_KEY.kid].until) == (0, 3)
    assert TRUST.keys[REVOKED_KEY.kid].suspect_from == 4
    assert TRUST.keys[LATE_KEY.kid].from_index == 10
    assert TRUST.root.threshold == 2
    assert set(TRUST.root.keys) == {root.kid for root in ROOTS}
    assert TRUST.origins == {ORIGIN}
    assert TRUST.policy_text == POLICY
    assert TRUST.as_of.size == 5


def test_every_ed25519_key_of_the_file_has_its_one_role():
    assert TRUST.roles == {
        **{root.kid: Role.ROOT for root in ROOTS},
        **{key.kid: Role.RECEIPT for key in (RECEIPT_KEY, RETIRED_KEY, REVOKED_KEY, LATE_KEY)},
        EXECUTOR_KEY.kid: Role.EXECUTOR,
        APPROVER_KEY.kid: Role.APPROVER,
        thumbprint(LOG.key.public): Role.LOG,
        thumbprint(WITNESS.key.public): Role.WITNESS,
    }


def test_the_digest_is_that_of_the_file():
    content = json.dumps(trust_json(), indent=2).encode()

    assert parse_trust(content).digest == f"sha256:{hashlib.sha256(content).hexdigest()}"


def test_a_post_quantum_witness_has_no_thumbprint():
    pq = note_key("pq.example/1", Algorithm.MLDSA44, bytes(1_312))
    text = POLICY.replace("quorum w\n", f"witness pq {pq.vkey()}\ngroup both all w pq\nquorum both\n")
    trust = parse_trust(canonical_bytes(trust_json(policy=text)))

    assert trust.roles == TRUST.roles
    assert trust.policy.quorum == "both"


@pytest.mark.parametrize(
    "document",
    [
        keys_with(receipt_entry(RECEIPT_KEY.public)),
        keys_with(key_entry("receipt", RECEIPT_KEY, **{"from": 7})),
        keys_with(key_entry("executor", RECEIPT_KEY)),
        keys_with(key_entry("approver", EXECUTOR_KEY)),
        keys_with(receipt_entry(ROOTS[0].public)),
        keys_with(receipt_entry(LOG.key.public)),
        keys_with(receipt_entry(WITNESS.key.public)),
        keys_with(log_entry(LOG.key.vkey())),
        trust_json(root={"threshold": 1, "keys": [named_jwk(LOG.key.public)]}),
    ],
)
def test_one_key_has_one_role_and_stands_once(document: JsonObject):
    assert isinstance(refusal(document), KeyInvalid)
    assert "twice" in refusal(document).message


def test_a_root_key_listed_twice_is_refused():
    named = named_jwk(ROOTS[0].public)

    assert "twice" in refusal(trust_json(root={"threshold": 2, "keys": [named, named]})).message


@pytest.mark.parametrize(
    "point", [bytes(32), bytes([1]) + bytes(31), b"\xec" + b"\xff" * 30 + b"\x7f", b"\xff" * 32]
)
def test_a_weak_key_is_refused_under_every_role(point: bytes):
    named = named_jwk(point)

    for document in (
        keys_with({"role": "receipt", **named, "from": 0, "until": None}),
        keys_with({"role": "executor", **named, "from": 0, "until": None}),
        trust_json(root={"threshold": 1, "keys": [named]}),
    ):
        assert isinstance(refusal(document), KeyInvalid)
        assert refusal(document).pointer


OTHER_LOG = signer("other.example/log", Algorithm.ED25519, 77).key.vkey()
OF_TWO_LOGS = trust_json(
    policy=POLICY.replace("quorum", f"log {OTHER_LOG}\nquorum"),
    keys=[*trust_json()["keys"], log_entry(OTHER_LOG)],
)
"""Whose receipt keys are whose? A key range counts the indexes of one log."""


@pytest.mark.parametrize(
    ("document", "pointer"),
    [
        (entry_with(kid=STRANGER.kid), "/keys/0/kid"),
        (entry_with(**{"from": -1}), "/keys/0/from"),
        (entry_with(until="3"), "/keys/0/until"),
        (entry_with(until=ABSENT), "/keys/0/until"),
        (entry_with(suspect_from=1), "/keys/0/suspect_from"),
        (entry_with(until=3, suspect_from=3), "/keys/0/suspect_from"),
        (entry_with(**{"from": 5}, until=4), "/keys/0/until"),
        (entry_with(use="sig"), "/keys/0/use"),
        (entry_with(alg="Ed25519"), "/keys/0/alg"),
        (trust_json(root={"threshold": 4, "keys": trust_json()["root"]["keys"]}), f"{ROOT}/threshold"),
        (trust_json(root={"threshold": 0, "keys": trust_json()["root"]["keys"]}), f"{ROOT}/threshold"),
        (trust_json(root={"threshold": 1, "keys": []}), f"{ROOT}/keys"),
        (trust_json(kind="jwks"), "/kind"),
        (trust_json(policy="quorum nobody\n"), "/policy"),
        (trust_json(policy=POLICY.replace("quorum w\n", "")), "/policy"),
        (trust_json(policy="quorum none\n"), "/keys"),
        (trust_json(keys=trust_json()["keys"][:-1]), "/keys"),
        (OF_TWO_LOGS, "/policy"),
        (trust_json(as_of={"size": 1, "root": "x"}), "/as_of/root"),
        (trust_json(as_of={"size": 1}), "/as_of/root"),
        (trust_json(comment="hello"), "/comment"),
    ],
)
def test_a_deviation_is_refused_with_its_place(document: JsonObject, pointer: str):
    refused = refusal(document)

    assert isinstance(refused, Malformed)
    assert refused.pointer == pointer
    assert refused.mend


@pytest.mark.parametrize(
    "document",
    [
        trust_json(v=2),
        keys_with({"role": "oracle"}),
        keys_with({"role": "witness"}),
        entry_with(kty="EC", crv="P-256"),
    ],
)
def test_what_this_version_does_not_know_is_unknown_not_wrong(document: JsonObject):
    assert isinstance(refusal(document), UnknownValue)
    assert refusal(document).code == "unknown_value"


def test_the_file_is_strict_json_of_bounded_size():
    content = canonical_bytes(trust_json())

    with pytest.raises(Malformed, match="twice"):
        parse_trust(content[:-1] + b',"v":1}')
    with pytest.raises(TooLarge):
        parse_trust(content + b" " * 1024 * 1024)
    with pytest.raises(Malformed):
        parse_trust(b"[]")


def test_a_trust_set_cannot_be_changed():
    with pytest.raises(TypeError):
        TRUST.keys[STRANGER.kid] = TRUST.keys[RECEIPT_KEY.kid]
    with pytest.raises(AttributeError):
        TRUST.digest = "x"
