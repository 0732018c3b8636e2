"""Text of strangers on a terminal: nothing moves, hides or turns around."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from licet.protocol.visible import visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("acct-42 ß € 😀", "acct-42 ß € 😀"),
        ("\x1b[2J", "<U+001B>[2J"),
        ("a\nb\tc\r", "a<U+000A>b<U+0009>c<U+000D>"),
        ("\x7f\x85\x9b", "<U+007F><U+0085><U+009B>"),
        ("\u202eYNED", "<U+202E>YNED"),
        ("\u2066x\u2069", "<U+2066>x<U+2069>"),
        ("a\u200bb\u200d\ufeff", "a<U+200B>b<U+200D><U+FEFF>"),
        ("a\u2028b\u2029", "a<U+2028>b<U+2029>"),
        ("a\u00a0b\u3000", "a<U+00A0>b<U+3000>"),
        ("\u3164\u115f\u2800\u034f", "<U+3164><U+115F><U+2800><U+034F>"),
        ("\U000e0041", "<U+E0041>"),
        ("acct\ufe0f-42\U000e0101\u180b", "acct<U+FE0F>-42<U+E0101><U+180B>"),
        ("a\ufff0\U000e0080", "a<U+FFF0><U+E0080>"),
        ("\ud800", "<U+D800>"),
        ("", ""),
    ],
)
def test_what_hides_is_written_out(text: str, shown: str):
    assert visible(text) == shown


@given(st.text(st.characters(), max_size=300))
def test_nothing_that_hides_ever_comes_out(text: str):
    shown = visible(text)

    assert not {unicodedata.category(char) for char in shown} & {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
    assert shown.encode("utf-8").decode("utf-8") == shown


@given(st.text(st.characters(codec="ascii", categories=("L", "N", "P", "S")), max_size=200))
def test_printable_text_comes_back_unchanged(text: str):
    assert visible(text) == text


def test_a_long_text_is_cut_and_says_how_long_it_was():
    assert visible("x" * 10, chars_max=4) == "xxxx... (10 characters)"
    assert visible("x" * 4, chars_max=4) == "xxxx"
