"""The schemas in `schemas/` and the readers answer the same for the same document."""

from __future__ import annotations

import copy
import json
from base64 import urlsafe_b64decode
from collections.abc import Callable
from functools import cache
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from licet.errors import KeyInvalid, LicetError, Malformed
from licet.protocol import answer, ids, parse, problem, schema_evidence
from licet.protocol.canonical import canonical_bytes
from licet.protocol.schema import schemas
from licet.protocol.types import JsonObject, Reason
from licet.receipt import fields, keyring, read, statement
from licet.receipt.turns import clock_document
from licet.verify import report, trust
from protocol import samples
from protocol.good_requests import FULL
from sample_evidence import NOW_S, stamp
from support.vectors import FOLDER as VECTORS
from support.vectors import bad_requests, good_requests

FOLDER = Path(__file__).resolve().parent.parent.parent / "schemas"
READERS: dict[str, Callable[[bytes], object]] = {
    "execution-request": parse.parse_request,
    "decision-ask": parse.parse_decision_ask,
    "claim-ask": parse.parse_claim_ask,
    "completion-ask": parse.parse_completion_ask,
    "effect": lambda body: parse.effect_of(json.loads(body)),
    "answer": answer.parse_answer,
    "problem": problem.parse_problem,
    "receipt-decision": lambda body: read.receipt_of(json.loads(body)),
    "receipt-claim": lambda body: read.receipt_of(json.loads(body)),
    "receipt-clock": lambda body: read.receipt_of(json.loads(body)),
    "receipt-completion": lambda body: read.receipt_of(json.loads(body)),
    "receipt-bundle": lambda body: read.receipt_of(json.loads(body)),
    "freeze-ask": parse.parse_freeze_ask,
    "reason-ask": parse.parse_reason_ask,
    "receipt-freeze": lambda body: read.receipt_of(json.loads(body)),
    "receipt-revocation": lambda body: read.receipt_of(json.loads(body)),
    "receipt-key": lambda body: read.receipt_of(json.loads(body)),
    "trust": trust.parse_trust,
}
WRITTEN_ONLY = {"verification-report"}
OPEN = {"problem"}
"""RFC 9457 section 3.2: clients ignore members they do not know."""
FREE = {"parameters", "context", "attributes", "actual"}
BEYOND_A_SCHEMA = {
    "v03_bundle_kid_differs_fail": "two places that must agree",
    "v03_completion_by_decision_fail": "what is inside a carried JWS",
    "v03_determining_unsorted_fail": "the order of an array",
    "v03_exponent_fail": "a schema takes an exponent for an integer",
    "v03_float_fail": "a schema takes 1.0 for an integer",
    "v03_minus_zero_fail": "a schema takes -0 for 0",
    "v03_genesis_high_threshold_fail": "two places that must agree",
    "v03_genesis_kid_differs_fail": "a hash",
    "v03_genesis_root_twice_fail": "two elements that differ in another member",
    "v03_genesis_weak_key_fail": "arithmetic",
    "v03_permit_exp_at_iat_fail": "two places that must agree",
    "v03_permit_exp_too_far_fail": "two places that must agree",
}
"""Receipt vectors that the reader refuses and a schema cannot."""
WRONG = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(min_value=-5, max_value=5),
    st.sampled_from(
        ["", "x", "\u00c4", "a b", "payments\n", "A" * 129, "sha256:00", "a..b", "-", "\x7f", "a.b.c"]
    ),
    st.sampled_from([[], {}, {"type": "agent"}, {"type": "9", "id": "x"}, [{"type": "a", "id": "b"}] * 9]),
)


@cache
def schema_of(name: str) -> jsonschema.Draft202012Validator:
    schema = json.loads((FOLDER / f"{name}.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


@cache
def payload_of(case: str) -> bytes:
    """The payload of a receipt vector, as signed."""
    segment = (VECTORS / "verify" / case / "receipt.jws").read_text().split(".")[1]
    return urlsafe_b64decode(segment + "=" * (-len(segment) % 4))


@cache
def documents() -> dict[str, JsonObject]:
    """A whole document of each kind, with as many members as it may have."""
    return {
        **samples.DOCUMENTS,
        "execution-request": FULL,
        "decision-ask": FULL | {"claim_id": "worker-1"},
        "receipt-decision": json.loads(payload_of("permit_ok")),
        "receipt-claim": json.loads(payload_of("claim_ok")),
        "receipt-clock": clock_document(previous_s=NOW_S - 9, now_s=NOW_S, stamp=stamp()),
        "receipt-completion": json.loads(payload_of("completion_signed_ok")),
        "receipt-bundle": json.loads(payload_of("activation_ok")),
        "receipt-freeze": json.loads(payload_of("freeze_lifted_ok")),
        "receipt-revocation": json.loads(payload_of("revocation_ok")),
        "receipt-key": json.loads(payload_of("genesis_ok")),
        "trust": json.loads((VECTORS / "verify" / "trust" / "main.json").read_bytes()),
    }


def reader_takes(name: str, document: JsonObject) -> bool:
    try:
        READERS[name](canonical_bytes(document))
    except LicetError:
        return False
    return True


def places(document: JsonObject, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Every member of the licet document, by the names that lead to it; free objects are left alone."""
    found = []
    for member, value in document.items():
        found.append((*path, member))
        if isinstance(value, dict) and member not in FREE:
            found += places(value, (*path, member))
    return found


def holder(document: JsonObject, path: tuple[str, ...]) -> JsonObject:
    for member in path[:-1]:
        inner = document[member]
        assert isinstance(inner, dict)
        document = inner
    return document


NAMES = pytest.mark.parametrize("name", sorted(READERS))


def test_the_committed_files_are_what_the_code_says() -> None:
    committed = {file.name: json.loads(file.read_text(encoding="utf-8")) for file in FOLDER.iterdir()}

    assert committed == schemas()


def test_every_schema_is_held_against_a_reader() -> None:
    named = {name.removesuffix(".schema.json") for name in schemas()}

    assert named == set(READERS) | WRITTEN_ONLY
    assert set(documents()) == set(READERS)


@NAMES
def test_a_whole_document_is_taken_by_both(name: str) -> None:
    schema_of(name).validate(documents()[name])
    READERS[name](canonical_bytes(documents()[name]))


@NAMES
def test_each_member_left_out_is_missed_by_both_or_by_neither(name: str) -> None:
    for path in places(documents()[name]):
        document = copy.deepcopy(documents()[name])
        del holder(document, path)[path[-1]]

        assert schema_of(name).is_valid(document) == reader_takes(name, document), path


@NAMES
def test_an_unknown_member_is_refused_by_both_at_every_level(name: str) -> None:
    levels = {path[:-1] for path in places(documents()[name])}
    for level in levels:
        document = copy.deepcopy(documents()[name])
        holder(document, (*level, ""))["surfac\u0435"] = "with a Cyrillic last letter"

        assert reader_takes(name, document) == (name in OPEN), level
        assert schema_of(name).is_valid(document) == (name in OPEN), level


@pytest.mark.fuzz
@NAMES
@given(data=st.data(), wrong=WRONG)
def test_a_member_of_another_kind_is_refused_by_both_or_by_neither(
    name: str, data: st.DataObject, wrong: object
) -> None:
    path = data.draw(st.sampled_from(places(documents()[name])))
    document = copy.deepcopy(documents()[name])
    holder(document, path)[path[-1]] = wrong

    taken, valid = reader_takes(name, document), schema_of(name).is_valid(document)

    if path in JOINED.get(name, ()):
        assert valid or not taken, (path, wrong)
    else:
        assert valid == taken, (path, wrong)


JOINED: dict[str, set[tuple[str, ...]]] = {
    "receipt-decision": {("exp",), ("iat",)},
    "receipt-clock": {("previous",), ("now",), ("iat",)},
    "receipt-completion": {("executor",)},
    "receipt-bundle": {("by", "statement"), ("by", "kid")},
    "receipt-key": {("root", "threshold"), ("statements",), ("keys",), ("root", "keys")},
    "trust": {("policy",), ("keys",), ("root", "keys"), ("root", "threshold")},
}
"""Members whose meaning hangs on another place or on bytes inside: there a schema may only take more."""


@pytest.mark.parametrize("name", sorted(samples.VARIANTS))
def test_what_members_say_of_each_other_is_judged_alike(name: str) -> None:
    kind = name.split("/", maxsplit=1)[0]
    taken, document = samples.VARIANTS[name]

    assert reader_takes(kind, document) is taken
    assert schema_of(kind).is_valid(document) is taken


def test_every_good_request_is_valid() -> None:
    for case in good_requests():
        assert schema_of("execution-request").is_valid(json.loads(case.document)), case.name


def test_every_bad_request_is_invalid_but_for_what_no_schema_sees() -> None:
    beyond = {"number", "twice", "text", "bytes", "syntax", "bound"}
    for case in bad_requests():
        kind = case.name.split("/")[0]
        if kind == "shape":
            assert not schema_of("execution-request").is_valid(json.loads(case.document)), case.name
        else:
            assert kind in beyond, case.name


def test_receipt_vectors_are_judged_as_the_verifier_judges_step_v03() -> None:
    judged, differently = 0, set()
    for folder in sorted((VECTORS / "verify").glob("*_*")):
        step = json.loads((folder / "case.json").read_text(encoding="utf-8"))["steps"]["V03"]
        try:
            document = json.loads(payload_of(folder.name).decode())
        except (ValueError, IndexError):
            continue  # no JSON to judge
        kind = document.get("kind") if isinstance(document, dict) else None
        if step in {"ok", "failed", "cannot"} and f"receipt-{kind}" in READERS:
            judged += 1
            if schema_of(f"receipt-{kind}").is_valid(document) != (step == "ok"):
                differently.add(folder.name)

    assert judged >= 100
    assert differently == set(BEYOND_A_SCHEMA)


def test_a_report_is_what_its_schema_says() -> None:
    steps = tuple(report.Step(check=check, status=report.Status.OK, detail="held") for check in report.Check)
    written = report.Report(
        level=report.Level.AUDIT,
        steps=steps,
        receipt=None,
        origin=None,
        index=None,
        revocations_known_to=0,
        trust_digest=parse.Digest("sha256:" + "0" * 64),
    ).document()

    schema_of("verification-report").validate(written)
    assert not schema_of("verification-report").is_valid({**written, "verdict": "valid"})


def test_what_stands_twice_says_the_same() -> None:
    said_here = schema_evidence

    assert [*report.Check] == [*said_here.STEPS]
    assert [*report.Status] == [*said_here.STATUSES]
    assert [*report.Verdict] == [*said_here.VERDICTS]
    assert [*report.Level] == [*said_here.LEVELS]
    assert said_here.REPORT == report.SCHEMA
    assert said_here.VERSION == statement.VERSION == trust.VERSION
    assert said_here.NAME_CHARS_MAX == read._NAME_CHARS_MAX
    assert said_here.POLICY_IDS_MAX == read._POLICY_IDS_MAX
    assert said_here.SENTENCE_CHARS_MAX == fields.TEXT_CHARS_MAX
    assert said_here.REPORTS_MAX == fields._REPORTS_MAX
    assert said_here.ROOT_KEYS_MAX == keyring.ROOT_KEYS_MAX
    assert said_here.KEYS_MAX == keyring.ENTRIES_MAX
    assert said_here.VKEY_CHARS_MAX == keyring._VKEY_CHARS_MAX
    assert said_here.BUNDLE_NAME.pattern == read._NAME.pattern
    assert said_here.ENGINE_NAME.pattern == read._ENGINE.pattern
    assert ids.NONCE.pattern == fields._NONCE.pattern


def test_every_reason_has_its_place_in_the_schemas() -> None:
    text = json.dumps(schemas()["answer.schema.json"])

    assert all(f'"{reason}"' in text for reason in Reason)


def test_a_weak_or_malformed_key_is_refused_whatever_a_schema_says() -> None:
    document = copy.deepcopy(documents()["trust"])
    keys = document["root"]["keys"]
    keys[0]["x"] = "A" * 43

    with pytest.raises((KeyInvalid, Malformed)):
        trust.parse_trust(canonical_bytes(document))
