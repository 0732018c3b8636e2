"""Names and ids: what each grammar takes, and uuid7 as RFC 9562 section 5.7 lays it out."""

from __future__ import annotations

import re
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from licet.protocol import ids, limits

TIMES = st.integers(0, 2**48 - 1)
RANDOMNESS = st.binary(min_size=10, max_size=10)
GRAMMARS = {name: value for name, value in vars(ids).items() if isinstance(value, re.Pattern)}


@given(unix_ms=TIMES, randomness=RANDOMNESS)
def test_a_uuid7_is_what_rfc_9562_says(unix_ms: int, randomness: bytes) -> None:
    parsed = uuid.UUID(ids.uuid7(unix_ms, randomness))

    assert parsed.version == 7
    assert parsed.variant == uuid.RFC_4122
    assert parsed.int >> 80 == unix_ms
    assert str(parsed) == ids.uuid7(unix_ms, randomness)
    assert ids.is_receipt_id(ids.uuid7(unix_ms, randomness))


def test_the_example_of_rfc_9562_a6_comes_out() -> None:
    tail = (0xCC3 << 68) | 0x18C4DC0C0C07398F

    assert ids.uuid7(0x017F22E279B0, tail.to_bytes(10, "big")) == "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"


@given(first=TIMES, second=TIMES, randomness=st.tuples(RANDOMNESS, RANDOMNESS))
def test_uuid7s_sort_by_time(first: int, second: int, randomness: tuple[bytes, bytes]) -> None:
    one, other = ids.uuid7(first, randomness[0]), ids.uuid7(second, randomness[1])

    assert first == second or (one < other) == (first < second)


@given(unix_ms=TIMES, randomness=RANDOMNESS, bit=st.integers(0, 79))
def test_74_random_bits_reach_the_id(unix_ms: int, randomness: bytes, bit: int) -> None:
    flipped = (int.from_bytes(randomness, "big") ^ (1 << bit)).to_bytes(10, "big")
    differs = ids.uuid7(unix_ms, randomness) != ids.uuid7(unix_ms, flipped)

    assert differs == (bit < 62 or bit >= 68)


@pytest.mark.parametrize(
    ("unix_ms", "randomness"), [(-1, b"0" * 10), (2**48, b"0" * 10), (0, b"0" * 9), (0, b"0" * 11)]
)
def test_what_does_not_fit_a_uuid7_is_refused(unix_ms: int, randomness: bytes) -> None:
    with pytest.raises(ValueError, match="uuid7"):
        ids.uuid7(unix_ms, randomness)


@pytest.mark.parametrize("name", sorted(GRAMMARS))
@given(text=st.text())
def test_every_grammar_is_ascii_and_sees_the_last_newline(name: str, text: str) -> None:
    grammar = GRAMMARS[name]

    assert grammar.fullmatch("") is None
    if grammar.fullmatch(text):
        assert text.isascii()
        assert text.isprintable()
        assert grammar.fullmatch(text + "\n") is None


@pytest.mark.parametrize("name", sorted(GRAMMARS))
def test_no_grammar_takes_long_over_a_long_text(name: str) -> None:
    for text in ("a." * 30_000 + "!", "a" * 60_000 + "\n", "a-" * 30_000, "." * 60_000, "0" * 60_000 + " "):
        assert GRAMMARS[name].fullmatch(text + "\u00e9") is None


def test_lengths_are_part_of_a_name() -> None:
    assert ids.is_surface("s" * limits.SURFACE_CHARS_MAX)
    assert not ids.is_surface("s" * (limits.SURFACE_CHARS_MAX + 1))
    assert ids.is_origin("o" * limits.ORIGIN_CHARS_MAX)
    assert not ids.is_origin("o" * (limits.ORIGIN_CHARS_MAX + 1))
    assert not ids.is_origin("")
    assert not ids.is_origin("a+b")
    assert not ids.is_receipt_id("01936f5e-7c00-4abc-8def-0123456789ab")
