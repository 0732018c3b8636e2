"""Three canonicalisers, one byte form; and what none of them may write."""

from __future__ import annotations

from enum import IntEnum

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from licet.protocol import fast, limits
from licet.protocol.canonical import canonical_bytes
from licet.protocol.types import JsonValue, Outcome
from protocol.json_values import json_values
from support.vectors import canonical_values

ORDERS = st.text(
    st.sampled_from("az\x7f\u0080\u00ff\u0100\ud7ff\ue000\ufb33\uffff\U00010000\U0001f389\U0010ffff")
)


@pytest.mark.fuzz
@given(value=json_values())
def test_fast_exact_and_rfc8785_write_the_same_bytes(value: JsonValue) -> None:
    expected = rfc8785.dumps(value)

    assert canonical_bytes(value) == expected
    assert fast.canonical(value) == expected


@pytest.mark.fuzz
@given(value=json_values(names=ORDERS, leaves=25))
def test_names_are_ordered_by_utf16_units_at_every_level(value: JsonValue) -> None:
    expected = rfc8785.dumps(value)

    assert canonical_bytes(value) == expected
    assert fast.canonical(value) == expected


def test_the_vectors_are_enough_and_all_hold() -> None:
    cases = canonical_values()

    assert len(cases) >= 20
    for case in cases:
        value = fast.read(case.document)
        assert (case.name, fast.canonical(value)) == (case.name, case.canonical)
        assert (case.name, canonical_bytes(value)) == (case.name, case.canonical)


@pytest.mark.parametrize(
    "value",
    [
        1.0,
        float("nan"),
        b"a",
        (1, 2),
        {1, 2},
        object(),
        {1: 2},
        {None: 1},
        {True: 1},
        {"\u00e9": [1.5]},
        [{"a": 1j}],
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_json_would_write_as_something_else_is_refused(value: JsonValue) -> None:
    with pytest.raises(TypeError, match=r"canonical JSON has no place|a member name is a"):
        canonical_bytes(value)


@pytest.mark.parametrize(
    "number", [limits.INT_MAX + 1, -limits.INT_MAX - 1, 10**5000], ids=["above", "below", "far"]
)
def test_an_integer_that_others_would_round_is_never_written(number: int) -> None:
    with pytest.raises(ValueError, match="beyond"):
        canonical_bytes({"a": [number]})


@pytest.mark.parametrize("value", ["\ud800", {"\ud800": 1}, {"\u00e9": "\udc00"}, {"\udc00": 1, "\u00e9": 1}])
@pytest.mark.parametrize("canonical", [canonical_bytes, fast.canonical])
def test_a_lone_surrogate_is_never_written(value: JsonValue, canonical: object) -> None:
    assert callable(canonical)
    with pytest.raises(UnicodeEncodeError):
        canonical(value)


def test_words_of_an_enum_are_their_text_and_truth_is_no_number() -> None:
    class Number(IntEnum):
        ONE = 1

    assert canonical_bytes([Outcome.PERMIT, True, 1, False, 0, Number.ONE]) == b'["PERMIT",true,1,false,0,1]'


def test_a_circle_does_not_come_back() -> None:
    circle: list[JsonValue] = []
    circle.append(circle)

    with pytest.raises(RecursionError):
        canonical_bytes(circle)
