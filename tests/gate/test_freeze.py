"""Argument encoding v1: vectors, and injectivity as a law."""

from __future__ import annotations

import decimal
import json
import string
import threading
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import NamedTuple
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate.freeze_vectors import CASES, INPUTS, case
from licet.gate.freeze import (
    NotFreezable,
    decode,
    decode_object,
    encode,
    encode_object,
    freeze,
    freeze_object,
    thaw,
)
from licet.protocol import fast
from licet.protocol.types import EntityRef

VECTORS = [json.loads(line) for line in CASES.read_text("ascii").splitlines()]


class Colour(Enum):
    RED = "red"
    BLUE = "blue"
    CRIMSON = RED


class Size(IntEnum):
    SMALL = 1


class Word(StrEnum):
    YES = "yes"


class Point(NamedTuple):
    x: int


class Text(str):
    __slots__ = ()


def shape(value: object) -> object:
    """What distinguishes two calls: values with their types, list and tuple being one."""
    if isinstance(value, list | tuple):
        return ("sequence", tuple(shape(item) for item in value))
    if isinstance(value, dict | MappingProxyType):
        return ("mapping", frozenset((name, shape(item)) for name, item in value.items()))
    if isinstance(value, Decimal):
        return ("Decimal", value.as_tuple())
    if isinstance(value, datetime):
        return ("datetime", value.replace(tzinfo=None), value.utcoffset())
    return (type(value).__name__, value)


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
names = st.one_of(texts, st.sampled_from(["$", "$$", "$decimal", "$$decimal", "$sha256", "$bytes", "$enum"]))
offsets = st.integers(-86_399, 86_399).map(lambda seconds: timezone(timedelta(seconds=seconds)))
leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**53 - 1), 2**53 - 1),
    st.integers(-2, 2),
    texts,
    st.sampled_from(["1", "1.50", "true", "null", "a" * 4096, "a" * 4097]),
    st.binary(max_size=8),
    st.sampled_from([b"a" * 4096, b"a" * 4097]),
    st.decimals(allow_nan=False, allow_infinity=False),
    st.datetimes(timezones=offsets),
    st.uuids(),
    st.sampled_from([Path("a"), Path("/a/b"), Colour.RED, Colour.BLUE, Size.SMALL, Word.YES]),
)
values = st.recursive(
    leaves,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(names, inner, max_size=4)),
    max_leaves=12,
)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_every_vector_holds(vector):
    assert case(vector["name"], vector["in"]) == vector


def test_the_vectors_are_those_that_the_generator_writes():
    assert [(vector["name"], vector["in"]) for vector in VECTORS] == INPUTS
    assert len(VECTORS) >= 60


def test_only_what_is_one_thing_shares_a_digest_in_the_vectors():
    spelled: dict[str, list[str]] = {}
    for vector in (case(name, notation) for name, notation in INPUTS):
        if "sha256" in vector:
            spelled.setdefault(vector["sha256"], []).append(vector["name"])

    shared = [sorted(same) for same in spelled.values() if len(same) > 1]

    assert sorted(shared) == [["list", "tuple is a list"], ["object", "object in another order"]]


@given(values)
def test_decoding_gives_back_exactly_what_was_encoded(value):
    assert shape(freeze(value)) == shape(value)


@given(values, values)
def test_two_calls_that_would_run_differently_never_share_an_encoding(left, right):
    same = fast.canonical(encode(left)) == fast.canonical(encode(right))

    assert same == (shape(left) == shape(right))


@given(values)
def test_a_frozen_copy_encodes_to_the_same_bytes(value):
    assert encode(freeze(value)) == encode(value)


@given(values)
def test_thawing_gives_fresh_plain_values(value):
    thawed = thaw(freeze(value))

    assert shape(thawed) == shape(value)
    assert not isinstance(thawed, tuple | MappingProxyType)


@pytest.mark.parametrize(
    "value",
    [
        1.5,
        Text("a"),
        Point(1),
        bytearray(b"a"),
        memoryview(b"a"),
        {1, 2},
        object(),
        EntityRef(type="a", id="b"),
        PurePosixPath("a"),
        complex(1),
        timedelta(1),
        datetime.now(UTC).date(),
        datetime.now(UTC).replace(tzinfo=None),
        Decimal("NaN"),
        "\ud800",
        2**53,
        {1: "a"},
        {Text("a"): 1},
        len,
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_has_no_exact_form_is_refused(value):
    with pytest.raises(NotFreezable):
        freeze(value)


def test_a_float_is_refused_with_the_way_out_and_without_its_value():
    with pytest.raises(NotFreezable) as caught:
        freeze_object({"amount": [12345.678]})

    assert str(caught.value) == "/amount/0: a float has no exact form (mend: send minor units or a string)"


def test_a_list_that_contains_itself_is_refused():
    loop: list[object] = []
    loop.append(loop)

    with pytest.raises(NotFreezable, match="deeper"):
        freeze(loop)


def test_an_enum_made_inside_a_function_has_no_name_and_is_refused():
    class Local(Enum):
        A = 1

    with pytest.raises(NotFreezable, match="cannot be named"):
        freeze(Local.A)


class Changing(Enum):
    LISTED = ([1],)
    NAMED = (1, {"a": 1})


@pytest.mark.parametrize("member", list(Changing))
def test_an_enum_member_whose_value_can_change_is_refused(member):
    with pytest.raises(NotFreezable, match="can change"):
        freeze(member)


def test_two_enums_of_one_name_in_one_call_are_refused():
    one = Enum("Twin", [("A", "a")], module="m", qualname="Twin")
    other = Enum("Twin", [("A", "a")], module="m", qualname="Twin")

    with pytest.raises(NotFreezable, match="share one name"):
        freeze([one.A, other.A])


def test_an_alias_of_an_enum_member_is_that_member():
    assert freeze(Colour.CRIMSON) is Colour.RED


def test_the_callers_decimal_context_changes_nothing():
    with decimal.localcontext() as context:
        context.capitals = 0

        assert encode(Decimal("1E+5")) == {"$decimal": "1E+5"}


def test_nobody_else_holds_what_a_frozen_copy_is_made_of():
    parameters = {"payee": "acme", "lines": [{"amount": 1}]}

    frozen = freeze_object(parameters)
    parameters["payee"] = "mallory"
    parameters["lines"][0]["amount"] = 999_999
    parameters["lines"].append({"amount": 2})

    assert thaw(frozen) == {"payee": "acme", "lines": [{"amount": 1}]}
    with pytest.raises(TypeError):
        frozen["payee"] = "mallory"


def test_a_copy_taken_while_another_thread_writes_is_one_that_was_decided_on():
    parameters: dict[str, object] = {"amount": 0}
    stop = threading.Event()

    def write():
        while not stop.is_set():
            for amount in range(50):
                parameters["amount"] = amount
                parameters[f"extra{amount}"] = amount
            for amount in range(50):
                del parameters[f"extra{amount}"]

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(2_000):
            frozen = freeze_object(parameters)
            before = fast.canonical(encode_object(frozen))
            assert fast.canonical(encode_object(frozen)) == before
    finally:
        stop.set()
        writer.join()


def test_large_values_are_bound_by_digest_and_handed_on_whole():
    text = "a" * 2_000_000

    frozen = freeze_object({"content": text})

    assert encode(frozen)["content"]["$bytes"] == 2_000_000
    assert frozen["content"] == text


def test_a_document_that_binds_a_value_needs_the_value():
    document = encode_object({"content": "a" * 5000, "colour": Colour.RED})

    with pytest.raises(NotFreezable, match="nobody here holds"):
        decode_object(document)
    with pytest.raises(NotFreezable, match="nobody here holds"):
        decode_object(document, known=["b" * 5000, Colour.RED])
    decoded = decode_object(document, known=["a" * 5000, Colour.RED])

    assert decoded == {"content": "a" * 5000, "colour": Colour.RED}


@pytest.mark.parametrize(
    "document",
    [
        {"$decimal": "1e5"},
        {"$decimal": "NaN"},
        {"$decimal": "x"},
        {"$decimal": 1},
        {"$decimal": "1", "more": 1},
        {"$time": "2026-11-23T09:00:00"},
        {"$time": "2026-11-23T09:00:00Z"},
        {"$uuid": "0192F0A0-7E6E-7C7E-8A7E-000000000001"},
        {"$base64": "AB=="},
        {"$base64": "A"},
        {"$path": "a//b"},
        {"$unknown": "a"},
        {"$": 1},
    ],
    ids=str,
)
def test_a_tag_in_any_but_its_one_form_is_refused(document):
    with pytest.raises(NotFreezable):
        decode([document])


def test_named_arguments_are_a_mapping():
    with pytest.raises(NotFreezable, match="named values"):
        freeze_object(["a"])
    with pytest.raises(NotFreezable, match="named values"):
        encode_object("a")
    with pytest.raises(NotFreezable, match="named values"):
        decode_object({"$uuid": str(UUID(int=0))})


def test_plain_names_need_no_exotic_letters():
    document = dict.fromkeys(string.ascii_letters, 1)

    assert encode(document) == document
