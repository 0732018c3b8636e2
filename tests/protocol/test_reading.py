"""Two readers, one answer: what is ambiguous is refused by the fast path and by the exact one (I14)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from licet.errors import Malformed
from licet.protocol import fast, strict
from licet.protocol.types import JsonValue

READERS = pytest.mark.parametrize("read", [fast.read, strict.read_strict], ids=["fast", "exact"])
Reader = Callable[[bytes], JsonValue]


@READERS
@pytest.mark.parametrize(
    ("document", "pointer"),
    [
        (b'{"amount":1,"amount":2}', "/amount"),
        (b'{"amount":1,"amount":1e6}', "/amount"),  # re-encodes to the same length
        (b'{"a":{"b":1,"\\u0062":2}}', "/a/b"),  # the second spelled with an escape
    ],
)
def test_i14_a_member_that_stands_twice_is_refused_by_both_readers(
    read: Reader, document: bytes, pointer: str
) -> None:
    with pytest.raises(Malformed) as refused:
        read(document)

    assert refused.value.pointer == pointer
    assert "twice" in refused.value.message


@READERS
@pytest.mark.parametrize("number", [b"1.0", b"1e3", b"-0.5", b"1E400", b"-0", b"NaN", b"Infinity"])
def test_i14_what_is_no_integer_is_refused_by_both_readers(read: Reader, number: bytes) -> None:
    with pytest.raises(Malformed) as refused:
        read(b'{"amount":' + number + b"}")

    assert refused.value.pointer in {"/amount", ""}


@READERS
@pytest.mark.parametrize("number", [2**53, -(2**53), 10**40])
def test_i14_an_integer_that_other_languages_would_round_is_refused_by_both_readers(
    read: Reader, number: int
) -> None:
    with pytest.raises(Malformed, match="beyond"):
        read(b'{"amount":%d}' % number)


@READERS
@pytest.mark.parametrize("number", [2**53 - 1, -(2**53 - 1), 0])
def test_the_largest_integers_are_read(read: Reader, number: int) -> None:
    assert read(b'{"amount":%d}' % number) == {"amount": number}
