"""stdout is data, stderr is talk, colour is never the only sign, and a stranger's text stays visible."""

from __future__ import annotations

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from licet.cli.talk import Talk, ascii_json, bad, good
from licet.errors import Malformed
from licet.protocol.canonical import canonical_bytes


def spoken(talk: Talk, monkeypatch: pytest.MonkeyPatch, *, tty: bool = False, encoding: str = "utf-8") -> str:
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    stream.isatty = lambda: tty  # type: ignore[method-assign]  # a fake terminal
    monkeypatch.setattr("sys.stdout", stream)
    talk.out(good("PERMIT"), " and ", bad("DENY"))
    stream.flush()
    buffer = stream.buffer
    assert isinstance(buffer, io.BytesIO)
    return buffer.getvalue().decode(encoding)


@pytest.mark.parametrize(
    ("environment", "option", "tty", "coloured"),
    [
        ({}, "auto", True, True),
        ({}, "auto", False, False),
        ({"NO_COLOR": "1"}, "auto", True, False),
        ({"NO_COLOR": ""}, "auto", True, True),
        ({"TERM": "dumb"}, "auto", True, False),
        ({"FORCE_COLOR": "1"}, "auto", False, True),
        ({"NO_COLOR": "1"}, "always", False, True),
        ({"FORCE_COLOR": "1"}, "never", True, False),
    ],
)
def test_colours_follow_the_terminal_the_environment_and_the_option(
    environment: dict[str, str], option: str, tty: bool, coloured: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    talk = Talk(environment)
    talk.colour = option

    text = spoken(talk, monkeypatch, tty=tty)

    assert ("\x1b[" in text) is coloured
    assert "PERMIT" in text


@given(st.text(max_size=200))
def test_no_span_ever_prints_an_escape_or_a_hiding_character(text: str) -> None:
    stream = io.StringIO()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("sys.stdout", stream)
        Talk({}).out("text: ", text, bad(text))

    line = stream.getvalue()
    assert line.count("\n") == 1
    assert not any(ord(char) < 32 or ord(char) == 127 or char in "\u202e\u200b\x9b" for char in line[:-1])


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=20,
    )
)
def test_json_on_stdout_is_ascii_and_the_same_value(value: object) -> None:
    try:
        text = canonical_bytes(value).decode()  # type: ignore[arg-type]  # any JSON value
    except (UnicodeEncodeError, ValueError):
        return  # lone surrogates are no JSON of the profile

    shown = ascii_json(text)

    assert shown.isascii()
    assert shown.isprintable()
    assert json.loads(shown) == value


def test_an_error_says_what_where_and_the_mend(capsys: pytest.CaptureFixture[str]) -> None:
    talk = Talk({})
    talk.json = True
    talk.hushed = True

    talk.error(Malformed("the number `1.5` is not an integer", mend="send minor units", pointer="/a"))

    told = capsys.readouterr()
    assert told.err == (
        "error[malformed]: the number `1.5` is not an integer\n  at:   /a\n  mend: send minor units\n"
    )
    assert json.loads(told.out) == {
        "schema": "licet/error/v1",
        "error": {
            "code": "malformed",
            "message": "the number `1.5` is not an integer",
            "mend": "send minor units",
            "pointer": "/a",
        },
    }


def test_a_terminal_without_the_character_gets_its_escape(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr("sys.stdout", stream)

    Talk({}).out("f\u00fcr")

    assert stream.buffer.getvalue() == b"f\\xfcr\n"  # type: ignore[attr-defined]  # a BytesIO


def test_quiet_silences_talk_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    talk = Talk({})
    talk.hushed = True

    talk.say("talk")
    talk.out("data")

    assert capsys.readouterr() == ("data\n", "")
