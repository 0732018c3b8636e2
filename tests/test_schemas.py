"""What callers send: `schemas/` and `protocol/parse.py` give the same answer for the same document."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from licet.errors import Malformed
from licet.protocol import parse
from licet.protocol.canonical import canonical_bytes
from licet.protocol.types import JsonObject

FOLDER = Path(__file__).resolve().parent.parent / "schemas"
READERS: dict[str, Callable[[bytes], object]] = {
    "execution-request": parse.parse_request,
    "decision-ask": parse.parse_decision_ask,
    "claim-ask": parse.parse_claim_ask,
    "completion-ask": parse.parse_completion_ask,
    "effect": lambda body: parse.effect_of(json.loads(body)),
}
RECEIPT_ID = "01936f5e-7c00-7000-8000-000000000001"
REQUEST: JsonObject = {
    "surface": "payments.transfer",
    "action": "transfer",
    "actor": {
        "type": "agent",
        "id": "finance-bot",
        "attributes": {"team": "treasury"},
        "on_behalf_of": [{"type": "person", "id": "kim"}],
    },
    "target": {"type": "account", "id": "acct-42"},
    "parameters": {"amount_minor": 4000, "lines": [{"text": "été", "paid": None}]},
    "context": {},
    "audience": "payments-executor",
    "min_policy_version": 3,
    "parent": RECEIPT_ID,
    "idempotency_key": "FIN-7:1",
}
EFFECT = {name: REQUEST[name] for name in ("surface", "action", "target", "parameters")}
DOCUMENTS: dict[str, JsonObject] = {
    "execution-request": REQUEST,
    "decision-ask": REQUEST | {"claim_id": "worker-1"},
    "claim-ask": {"permit": "a.b.c", "effect": EFFECT, "claim_id": "worker-1"},
    "completion-ask": {
        "receipt_id": RECEIPT_ID,
        "status": "executed",
        "result_digest": "sha256:" + "0" * 64,
        "actual": {"fee_minor": 12},
        "statement": "a.b.c",
    },
    "effect": EFFECT,
}
WRONG = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(min_value=-5, max_value=5),
    st.sampled_from(["", "x", "Ä", "a b", "payments\n", "A" * 129, "sha256:00", "a..b", "-", "\x7f"]),
    st.sampled_from([[], {}, {"type": "agent"}, {"type": "9", "id": "x"}, [{"type": "a", "id": "b"}] * 9]),
)


@pytest.fixture(scope="module", params=sorted(READERS))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def schema_of(name: str) -> jsonschema.Draft202012Validator:
    schema = json.loads((FOLDER / f"{name}.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def reader_takes(name: str, document: JsonObject) -> bool:
    try:
        READERS[name](canonical_bytes(document))
    except Malformed:
        return False
    return True


def places(document: JsonObject, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Every member of the licet document, by the names that lead to it; free objects are left alone."""
    found = []
    for member, value in document.items():
        found.append((*path, member))
        if isinstance(value, dict) and member not in {"parameters", "context", "attributes", "actual"}:
            found += places(value, (*path, member))
    return found


def holder(document: JsonObject, path: tuple[str, ...]) -> JsonObject:
    for member in path[:-1]:
        inner = document[member]
        assert isinstance(inner, dict)
        document = inner
    return document


def test_a_whole_document_is_taken_by_both(name: str) -> None:
    assert reader_takes(name, DOCUMENTS[name])
    assert schema_of(name).is_valid(DOCUMENTS[name])


def test_each_member_left_out_is_missed_by_both_or_by_neither(name: str) -> None:
    schema = schema_of(name)

    for path in places(DOCUMENTS[name]):
        document = json.loads(json.dumps(DOCUMENTS[name]))
        del holder(document, path)[path[-1]]
        assert schema.is_valid(document) == reader_takes(name, document), path


def test_an_unknown_member_is_refused_by_both(name: str) -> None:
    document = DOCUMENTS[name] | {"surfacе": "with a Cyrillic last letter"}  # noqa: RUF001 - the attack itself

    assert not reader_takes(name, document)
    assert not schema_of(name).is_valid(document)


@pytest.mark.fuzz
@given(data=st.data(), wrong=WRONG)
def test_a_member_of_another_kind_is_refused_by_both_or_by_neither(
    name: str, data: st.DataObject, wrong: object
) -> None:
    path = data.draw(st.sampled_from(places(DOCUMENTS[name])))
    document = json.loads(json.dumps(DOCUMENTS[name]))
    holder(document, path)[path[-1]] = wrong

    assert schema_of(name).is_valid(document) == reader_takes(name, document), (path, wrong)
