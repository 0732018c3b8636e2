"""Signed notes: the published example, one spelling, limits, and whose line is whose."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from licet.protocol.limits import NOTE_BYTES_MAX, NOTE_LINES_MAX
from licet.tlog.cosign import SignatureError, signature_line, verify_line
from licet.tlog.note import (
    Algorithm,
    Note,
    NoteError,
    SignatureLine,
    add_lines,
    decode_base64,
    encode_base64,
    format_note,
    note_key,
    parse_note,
    parse_vkey,
)
from sample_log import LOG, WITNESS

# golang.org/x/mod/sumdb/note, the example of its documentation.
VKEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
LINE = (
    "\u2014 PeterNeumann "
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)


def line_of(name: str, size: int = 64) -> SignatureLine:
    return SignatureLine(name=name, key_id=b"\x01\x02\x03\x04", signature=bytes(size))


def test_the_published_example_verifies():
    note = parse_note(f"{TEXT}\n{LINE}")

    assert note.text == TEXT
    assert verify_line(parse_vkey(VKEY), note.text, note.lines[0]) is None


def test_the_published_example_with_another_text_does_not():
    note = parse_note(f"{TEXT.replace('your', 'my')}\n{LINE}")

    with pytest.raises(SignatureError, match="bad signature"):
        verify_line(parse_vkey(VKEY), note.text, note.lines[0])


def test_a_key_text_is_read_back():
    for key in (LOG.key, WITNESS.key, note_key("pq", Algorithm.MLDSA44, bytes(1_312))):
        assert parse_vkey(key.vkey()) == key


def test_the_plus_of_base64_does_not_split_a_key_text():
    plus = next(
        key
        for seed in range(200)
        if "+" in (key := note_key("n", Algorithm.MLDSA44, bytes([seed]) * 1_312)).vkey().split("+", 2)[2]
    )

    assert parse_vkey(plus.vkey()) == plus


@pytest.mark.parametrize(
    ("vkey", "said"),
    [
        ("", "is not `name"),
        ("PeterNeumann", "is not `name"),
        ("PeterNeumann+c74f20a3", "is not `name"),
        (VKEY.replace("c74f20a3", "C74F20A3"), "is not `name"),
        (VKEY.replace("c74f20a3", "c74f20a"), "is not `name"),
        (VKEY.replace("c74f20a3", "c74f20a4"), "expected `c74f20a3`"),
        (VKEY.replace("PeterNeumann", "PeterNeuman"), "has the id `c74f20a3`"),
        (VKEY.replace("PeterNeumann", ""), "is not a key name"),
        (VKEY.replace("PeterNeumann", "Peter Neumann"), "is not a key name"),
        (VKEY.replace("+ARpc", "+AhpC"), "unknown algorithm `0x02`"),
        (VKEY[:-4], "has 29 bytes, expected 32"),
        (f"{VKEY}\n", "is not"),
        (f"n+00000000+{encode_base64(bytes([1]) + bytes(32))}", "small order"),
        (f"n+00000000+{encode_base64(bytes([4]) + bytes([255]) * 32)}", "canonical"),
        (f"n+00000000+{encode_base64(bytes([6]) + bytes(32))}", "expected 1312"),
        ("n+00000000+", "spelling"),
    ],
)
def test_another_key_text_is_refused(vkey: str, said: str):
    with pytest.raises(NoteError, match=said):
        parse_vkey(vkey)


@pytest.mark.parametrize(
    "note",
    [
        "",
        "\n",
        TEXT,
        f"{TEXT}\n",
        f"{TEXT}\n\n",
        f"{TEXT}{LINE}",
        f"{TEXT}\n{LINE[:-1]}",
        f"{TEXT}\n{LINE}\n",
        f"{TEXT}\n{LINE}no line\n",
        f"{TEXT}\n{LINE.replace(chr(0x2014), '-')}",
        f"{TEXT}\n{LINE.replace(' x08', '  x08')}",
        f"{TEXT}\n{LINE.replace(' x08', chr(0xA0) + 'x08')}",
        f"{TEXT}\n{LINE.replace('PeterNeumann', 'Peter+Neumann')}",
        f"{TEXT}\n{LINE.replace('PeterNeumann', 'Peter' + chr(0x2003) + 'N')}",
        f"{TEXT}\n{LINE.replace('AM=', 'AN=')}",
        f"{TEXT}\n{LINE.replace('AM=', 'AM')}",
        f"{TEXT}\n{LINE.replace('/', '_')}",
        f"{TEXT}\n\u2014 PeterNeumann\n",
        f"{TEXT}\n\u2014 PeterNeumann x08goA==\n",
        f"{TEXT}\n{LINE}".replace("\n", "\r\n"),
        f"{TEXT}\t\n{LINE}",
        f"\x00{TEXT}\n{LINE}",
        f"\ud800{TEXT}\n{LINE}",
    ],
)
def test_another_form_of_note_is_refused(note: str):
    with pytest.raises(NoteError):
        parse_note(note)


def test_the_last_empty_line_divides_text_from_signatures():
    note = parse_note(f"one\n\ntwo\n\n{LINE}")

    assert note.text == "one\n\ntwo\n"
    assert len(note.lines) == 1


def test_at_least_sixteen_lines_are_taken_and_at_most_the_limit():
    lines = [line_of(f"w{number}") for number in range(NOTE_LINES_MAX)]

    assert len(parse_note(format_note("text\n", lines)).lines) == NOTE_LINES_MAX >= 16
    with pytest.raises(NoteError, match="signature lines"):
        format_note("text\n", [*lines, line_of("one-more")])


def test_a_note_over_its_size_limit_is_refused():
    frame = len(format_note("\n", [line_of("w")]).encode())

    assert format_note("x" * (NOTE_BYTES_MAX - frame) + "\n", [line_of("w")])
    with pytest.raises(NoteError, match=f"at most {NOTE_BYTES_MAX}"):
        format_note("x" * (NOTE_BYTES_MAX - frame + 1) + "\n", [line_of("w")])


def test_what_cannot_be_read_back_is_not_written():
    with pytest.raises(NoteError, match="cannot stand"):
        # A text without its newline would smuggle its own last line in among the signatures.
        format_note(f"text\n\n{LINE[:-1]}", [line_of("w")])
    with pytest.raises(NoteError):
        format_note("no newline", [line_of("w")])
    with pytest.raises(NoteError):
        format_note("text\n", [line_of("a b")])


@given(text=st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=40))
def test_any_text_is_read_back(text: str):
    lines = (line_of("a"), line_of("b", 72))

    assert parse_note(format_note(f"{text}\n", lines)) == Note(text=f"{text}\n", lines=lines)


def test_lines_are_added_behind_and_the_text_stays():
    note = format_note("text\n", [line_of("a")])

    longer = add_lines(note, [line_of("b")])

    assert longer.startswith(note)
    assert [line.name for line in parse_note(longer).lines] == ["a", "b"]


def test_a_line_is_of_a_key_only_if_name_and_id_agree():
    line = signature_line(LOG.key, bytes(64))
    note = Note(
        text="text\n",
        lines=(
            line,
            SignatureLine(name="another.example", key_id=line.key_id, signature=bytes(64)),
            SignatureLine(name=line.name, key_id=b"\x00\x01\x02\x03", signature=bytes(64)),
        ),
    )

    assert note.lines_of(LOG.key) == (line,)


@pytest.mark.parametrize(
    "text", ["", "QR==", "QQ=", "QQ", "QQ==\n", " QQ==", "Q Q=", "_-8=", "QQ==QQ==", "\u00e9"]
)
def test_base64_has_one_spelling(text: str):
    with pytest.raises(NoteError):
        decode_base64(text, "a field")
