"""The fast reader and the exact one are one: same value, or same code and pointer, for any bytes (I14)."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from licet.errors import LicetError, Malformed, TooLarge
from licet.protocol import fast, limits, strict
from licet.protocol.canonical import canonical_bytes
from licet.protocol.types import JsonValue
from protocol.json_values import almost_documents, json_values, mutated

READERS = pytest.mark.parametrize("read", [fast.read, strict.read_strict], ids=["fast", "exact"])
Reader = Callable[[bytes], JsonValue]


def answer_of(read: Reader, document: bytes, **bounds: int) -> tuple[str, object, str]:
    try:
        value = read(document, **bounds)
    except LicetError as error:
        return error.code, error.pointer, error.message
    return "value", value, kinds(value)


def kinds(value: object) -> str:
    """What `==` cannot tell apart in Python: `1`, `True` and `1.0`, and the order of members."""
    return json.dumps(value, ensure_ascii=True, allow_nan=False)


def spelled(value: JsonValue, *, indent: int | None, ensure_ascii: bool) -> bytes:
    compact = (",", ":") if indent is None else None
    return json.dumps(value, indent=indent, ensure_ascii=ensure_ascii, separators=compact).encode()


@pytest.mark.fuzz
@given(value=json_values(), indent=st.sampled_from([None, 0, 2]), ensure_ascii=st.booleans())
def test_a_document_of_the_profile_is_read_alike_in_every_spelling(
    value: JsonValue, indent: int | None, ensure_ascii: bool
) -> None:
    document = spelled(value, indent=indent, ensure_ascii=ensure_ascii)

    assert answer_of(fast.read, document) == ("value", value, kinds(value))
    assert answer_of(strict.read_strict, document) == ("value", value, kinds(value))


@pytest.mark.fuzz
@given(document=st.one_of(almost_documents(), st.binary(max_size=40)))
@example(b'{"a":1,"a":1e6}')
@example(b"-0")
@example(b"[9007199254740992]")
@example(b"[" * 33)
def test_any_bytes_get_one_answer_from_both_readers(document: bytes) -> None:
    assert answer_of(fast.read, document) == answer_of(strict.read_strict, document)


@pytest.mark.fuzz
@given(document=mutated(json_values().map(canonical_bytes)))
def test_a_damaged_document_gets_one_answer_from_both_readers(document: bytes) -> None:
    assert answer_of(fast.read, document) == answer_of(strict.read_strict, document)


@pytest.mark.fuzz
@given(
    value=json_values(),
    bytes_max=st.integers(0, 60),
    members_max=st.integers(0, 12),
    depth_max=st.integers(0, 8),
)
def test_both_readers_keep_exactly_the_bounds_they_are_given(
    value: JsonValue, bytes_max: int, members_max: int, depth_max: int
) -> None:
    document = canonical_bytes(value)
    bounds = {"bytes_max": bytes_max, "members_max": members_max, "depth_max": depth_max}
    depth, members = extent(value)
    within = len(document) <= bytes_max and members <= members_max and depth <= depth_max

    assert answer_of(fast.read, document, **bounds) == answer_of(strict.read_strict, document, **bounds)
    assert (answer_of(fast.read, document, **bounds)[0] == "value") == within


def extent(value: JsonValue) -> tuple[int, int]:
    """Depth, and members and elements in all, by their definition."""
    if not isinstance(value, dict | list):
        return 0, 0
    inner = [extent(item) for item in (value.values() if isinstance(value, dict) else value)]
    return 1 + max((depth for depth, _ in inner), default=0), len(value) + sum(count for _, count in inner)


@pytest.mark.fuzz
@given(value=json_values())
def test_what_is_read_from_canonical_bytes_has_those_canonical_bytes(value: JsonValue) -> None:
    document = canonical_bytes(value)

    assert canonical_bytes(fast.read(document)) == document
    assert fast.canonical(strict.read_strict(document)) == document


@READERS
@pytest.mark.parametrize(
    "bomb",
    [b"[" * 65_536, b'{"a":' * 13_000, b'[{"":' * 13_000, b'"\\"' * 20_000, b'"[' * 32_000],
    ids=["arrays", "objects", "both", "escaped quotes", "unclosed strings"],
)
def test_64_kib_of_opening_is_refused_and_nothing_overflows(read: Reader, bomb: bytes) -> None:
    with pytest.raises(Malformed):
        read(bomb)


@READERS
def test_the_same_bytes_are_refused_alike_however_deep_the_caller_stands(read: Reader) -> None:
    inner = limits.DEPTH_MAX + 200
    document = b"[" * inner + b"]" * inner

    def at_depth(frames: int) -> tuple[str, object, str]:
        return answer_of(read, document) if frames == 0 else at_depth(frames - 1)

    assert at_depth(sys.getrecursionlimit() - 250) == at_depth(0)


@READERS
def test_the_33rd_level_is_named_also_when_the_names_on_the_way_are_spelled_with_escapes(
    read: Reader,
) -> None:
    document = b'{"\\u0061/b~":{"\\"":' + b"[" * 40

    with pytest.raises(Malformed) as refused:
        read(document)

    assert refused.value.pointer == '/a~1b~0/"' + "/0" * 30


@READERS
def test_a_name_that_is_no_json_string_still_leads_somewhere(read: Reader) -> None:
    with pytest.raises(Malformed) as refused:
        read(b'{"\\x":' + b"[" * 40)

    assert refused.value.pointer is not None
    assert refused.value.pointer.endswith("/0" * 31)


@READERS
def test_more_closing_than_opening_is_not_json(read: Reader) -> None:
    with pytest.raises(Malformed) as refused:
        read(b"]}" + b"[" * 33)

    assert "not JSON" in refused.value.message or "nested" in refused.value.message


@READERS
def test_a_float_anywhere_says_how_to_send_money(read: Reader) -> None:
    for document in (b"1.0", b"[1e3]", b'{"a":[{"b":0.1}]}', b'{"a":-0.0}'):
        with pytest.raises(Malformed) as refused:
            read(document)

        assert refused.value.mend == "send minor units or a string"


@READERS
def test_a_refusal_is_one_line_whatever_the_document_says(read: Reader) -> None:
    hostile = json.dumps({"\n\x1b[2J\u202e": 1})[:-1].encode() + b',"\\n\\u001b[2J\\u202e":2}'

    with pytest.raises(Malformed) as refused:
        read(hostile)

    assert refused.value.message.isprintable()
    assert refused.value.pointer == "/\n\x1b[2J\u202e"


@READERS
def test_a_long_name_is_quoted_short(read: Reader) -> None:
    name = "n" * 30_000

    with pytest.raises(Malformed) as refused:
        read(f'{{"{name}":1,"{name}":2}}'.encode())

    assert len(refused.value.message) < 200
    assert refused.value.pointer == f"/{name}"


@READERS
def test_one_byte_too_many_is_refused_before_anything_is_read(read: Reader) -> None:
    document = b"{" * (limits.BODY_BYTES_MAX + 1)

    with pytest.raises(TooLarge) as refused:
        read(document)

    assert refused.value.pointer == ""


@READERS
def test_nothing_is_normalised_and_nothing_repaired(read: Reader) -> None:
    value = {"\u00e9": "e\u0301", "e\u0301": "\u00e9", "__proto__": {"x": "\ufb01\u212b"}, "10": 1, "9": 2}

    assert kinds(read(json.dumps(value).encode())) == kinds(value)
    assert kinds(read(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())) == kinds(value)
