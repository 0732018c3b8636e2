"""Bytes to asks: what is kept, what is digested, and what room each body has."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from licet.errors import Malformed, TooLarge
from licet.protocol import fast, limits, parse
from licet.protocol.canonical import canonical_bytes
from licet.protocol.types import CompletionStatus, EntityRef, JsonObject
from protocol import samples
from protocol.good_requests import FULL, LINK, MINIMAL, compact, good_requests
from protocol.json_values import NAMES, json_values

FREE = st.dictionaries(NAMES, json_values(), max_size=4)


def test_every_member_arrives_where_it_belongs() -> None:
    request = parse.parse_request(compact(FULL))

    assert (request.surface, request.action) == ("payments.transfer", "transfer")
    assert request.actor.ref() == EntityRef(type="agent", id="finance-bot")
    assert request.actor.attributes == {"team": "treasury"}
    assert request.actor.on_behalf_of == (EntityRef(type="person", id="kim"),)
    assert request.target == EntityRef(type="account", id="acct-42")
    assert request.parameters == FULL["parameters"]
    assert request.context == FULL["context"]
    assert request.audience == "payments-executor"
    assert request.min_policy_version == 3
    assert request.parent == FULL["parent"]
    assert request.idempotency_key == "FIN-7:1"


def test_an_absent_member_is_none_and_an_empty_one_is_not() -> None:
    absent = parse.parse_request(compact(MINIMAL))
    empty = parse.parse_request(compact(MINIMAL | {"parameters": {}, "context": {}}))

    assert (absent.parameters, absent.context, absent.target, absent.parent) == (None, None, None, None)
    assert (empty.parameters, empty.context) == ({}, {})
    assert absent.digest != empty.digest
    assert absent.effect_digest != empty.effect_digest


def test_nobody_acted_for_is_not_the_same_as_not_saying() -> None:
    silent = parse.parse_request(compact(MINIMAL | {"actor": LINK}))
    nobody = parse.parse_request(compact(MINIMAL | {"actor": {**LINK, "on_behalf_of": []}}))

    assert (silent.actor.on_behalf_of, nobody.actor.on_behalf_of) == (None, ())
    assert silent.digest != nobody.digest


@pytest.mark.fuzz
@given(parameters=FREE, context=FREE, attributes=FREE)
def test_the_digest_covers_all_members_as_sent_in_any_spelling(
    parameters: JsonObject, context: JsonObject, attributes: JsonObject
) -> None:
    document = MINIMAL | {
        "parameters": parameters,
        "context": context,
        "actor": {**LINK, "attributes": attributes},
    }
    request = parse.parse_request(json.dumps(document, indent=1).encode())

    assert json.loads(request.body) == {
        name: document[name] for name in document if name != "idempotency_key"
    }
    assert request.body == canonical_bytes(json.loads(request.body))
    assert request.digest == parse.parse_request(compact(document)).digest


@pytest.mark.parametrize("member", [name for name in FULL if name != "idempotency_key"])
def test_a_change_of_any_member_changes_the_request_digest(member: str) -> None:
    changed = {
        "surface": "other", "action": "other", "actor": LINK, "target": LINK, "parameters": {}, "context": {},
        "audience": "other", "min_policy_version": 4, "parent": "01936f5e-7c00-7abc-8def-000000000000",
    }  # fmt: skip
    before = parse.parse_request(compact(FULL))
    after = parse.parse_request(compact(FULL | {member: changed[member]}))

    assert before.digest != after.digest
    assert (before.effect_digest != after.effect_digest) == (member in samples.EFFECT)


def test_key_and_claim_id_name_the_asking_and_not_what_is_asked() -> None:
    plain = parse.parse_decision_ask(compact(FULL))
    claiming = parse.parse_decision_ask(compact({"claim_id": "worker-1", **FULL, "idempotency_key": "k2"}))

    assert (plain.claim_id, claiming.claim_id) == (None, "worker-1")
    assert plain.request.digest == claiming.request.digest
    assert plain.request.body == claiming.request.body


def test_a_claim_id_is_no_member_of_a_request() -> None:
    with pytest.raises(Malformed) as refused:
        parse.parse_request(compact(MINIMAL | {"claim_id": "worker-1"}))

    assert refused.value.pointer == "/claim_id"


def test_an_ask_inside_a_batch_is_refused_at_its_own_place() -> None:
    with pytest.raises(Malformed) as refused:
        parse.decision_ask_of(MINIMAL | {"target": {"type": "account"}}, "/asks/3")

    assert refused.value.pointer == "/asks/3/target/id"


def test_whatever_could_be_decided_can_be_claimed() -> None:
    for name, document in good_requests():
        request = parse.parse_request(document)
        whole = json.loads(document)
        effect = {member: whole[member] for member in samples.EFFECT if member in whole}
        claim = {"permit": "p" * limits.PERMIT_BYTES_MAX, "effect": effect, "claim_id": "c" * 128}
        asked = parse.parse_claim_ask(compact(claim))

        assert (name, asked.effect.digest) == (name, request.effect_digest)


def test_a_claim_has_its_own_bounds() -> None:
    too_deep = (
        '{"permit":"p","effect":{"surface":"a","action":"b","parameters":{"v":' + "[" * 31 + "]" * 31 + "}}}"
    )
    with pytest.raises(Malformed) as refused:
        parse.parse_claim_ask(too_deep.encode())
    assert refused.value.pointer == "/effect/parameters/v" + "/0" * 30

    with pytest.raises(TooLarge):
        parse.parse_claim_ask(b" " * (limits.CLAIM_BYTES_MAX + 1))


def test_an_effect_survives_the_way_out_and_in() -> None:
    effect = parse.effect_of(samples.EFFECT)
    bare = parse.effect_of({"surface": "a", "action": "b"})

    assert parse.effect_document(effect) == samples.EFFECT
    assert parse.effect_of(parse.effect_document(effect)) == effect
    assert parse.effect_document(bare) == {"surface": "a", "action": "b"}


@pytest.mark.parametrize("status", CompletionStatus)
def test_every_status_of_a_completion_is_read(status: CompletionStatus) -> None:
    whole = samples.DOCUMENTS["completion-ask"]
    least = {"receipt_id": whole["receipt_id"], "status": status.value}

    assert parse.parse_completion_ask(compact(whole | {"status": status.value})).status is status
    assert parse.parse_completion_ask(compact(least)).result_digest is None


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("status", "EXECUTED"),
        ("status", "done"),
        ("result_digest", "sha256:0"),
        ("result_digest", "SHA256:" + "0" * 64),
    ],
)
def test_an_unknown_status_or_an_odd_digest_is_refused(member: str, value: str) -> None:
    with pytest.raises(Malformed) as refused:
        parse.parse_completion_ask(compact(samples.DOCUMENTS["completion-ask"] | {member: value}))

    assert refused.value.pointer == f"/{member}"


def test_a_document_read_once_is_left_as_it_was() -> None:
    document = fast.read(compact(FULL | {"claim_id": "c"}))
    before = json.dumps(document)

    parse.decision_ask_of(document)

    assert json.dumps(document) == before
