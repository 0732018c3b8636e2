"""Checkpoints: three lines, one spelling, no extension."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from licet.protocol.types import Origin
from licet.tlog.checkpoint import Checkpoint, CheckpointError, parse_checkpoint
from licet.tlog.merkle import EMPTY_ROOT
from licet.tlog.note import encode_base64, format_note, parse_note
from sample_log import LOG, ORIGIN, WITNESS

ROOT = encode_base64(bytes(range(32)))
BODY = f"{ORIGIN}\n41\n{ROOT}\n"


@given(
    origin=st.from_regex(r"[!-*,-~]{1,255}", fullmatch=True),
    size=st.integers(1, 2**63 - 1),
    root=st.binary(min_size=32, max_size=32),
)
def test_a_checkpoint_is_read_back(origin: str, size: int, root: bytes):
    checkpoint = Checkpoint(origin=Origin(origin), size=size, root=root)

    assert parse_checkpoint(checkpoint.body()) == checkpoint


def test_the_empty_log_has_a_checkpoint_of_the_empty_root_only():
    assert Checkpoint(origin=ORIGIN, size=0, root=EMPTY_ROOT).body().startswith(f"{ORIGIN}\n0\n")
    with pytest.raises(CheckpointError, match="expected the empty root"):
        parse_checkpoint(f"{ORIGIN}\n0\n{ROOT}\n")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("", "lines"),
        (BODY[:-1], "lines"),
        (f"{BODY}\n", "no extension"),
        (f"{BODY}extension\n", "no extension"),
        (f"{ORIGIN}\n41\n", "lines"),
        (BODY.replace("41", "041"), "not a decimal"),
        (BODY.replace("41", "+41"), "not a decimal"),
        (BODY.replace("41", "-1"), "not a decimal"),
        (BODY.replace("41", "4_1"), "not a decimal"),
        (BODY.replace("41", "\u0664\u0661"), "not a decimal"),
        (BODY.replace("41", " 41"), "not a decimal"),
        (BODY.replace("41", ""), "not a decimal"),
        (BODY.replace("41", str(2**63)), "not a decimal"),
        (BODY.replace("41", "9" * 5_000), "not a decimal"),
        (BODY.replace(ROOT, ROOT[:-4]), "bytes, expected 32|not base64|spelling"),
        (BODY.replace(ROOT, encode_base64(bytes(31))), "`31` bytes"),
        (BODY.replace(ROOT, ROOT[:-2] + "9="), "spelling"),
        (BODY.replace(ORIGIN, ""), "is not an origin"),
        (BODY.replace(ORIGIN, "a b"), "is not an origin"),
        (BODY.replace(ORIGIN, "a+b"), "is not an origin"),
        (BODY.replace(ORIGIN, "caf\u00e9"), "is not an origin"),
        (BODY.replace(ORIGIN, "a" * 256), "is not an origin"),
    ],
)
def test_another_form_is_refused(body: str, said: str):
    with pytest.raises(CheckpointError, match=said):
        parse_checkpoint(body)


@pytest.mark.parametrize(
    "checkpoint",
    [
        Checkpoint(origin=Origin("a b"), size=1, root=bytes(32)),
        Checkpoint(origin=ORIGIN, size=-1, root=bytes(32)),
        Checkpoint(origin=ORIGIN, size=2**63, root=bytes(32)),
        Checkpoint(origin=ORIGIN, size=1, root=bytes(31)),
    ],
)
def test_what_no_reader_would_take_is_not_written(checkpoint: Checkpoint):
    with pytest.raises(CheckpointError):
        checkpoint.body()


def test_a_cosignature_leaves_the_checkpoint_as_it_is():
    note = LOG.sign_note(BODY)

    assert WITNESS.cosign(note, BODY).startswith(note)
    assert format_note(BODY, parse_note(note).lines) == note
