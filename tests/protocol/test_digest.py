"""Digests: one spelling, one meaning per tag, and no two effects that share one."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from licet.protocol import digest, parse
from licet.protocol.canonical import canonical_bytes
from licet.protocol.types import JsonObject
from protocol.json_values import NAMES, json_values
from support.vectors import effects

TAGS = sorted(value for name, value in vars(digest).items() if name.endswith("_TAG"))


def test_no_tag_begins_another_so_no_digest_has_two_meanings() -> None:
    assert len(TAGS) == len(set(TAGS)) >= 6
    for tag in TAGS:
        assert tag.endswith(b"\n")
        assert tag.isascii()
        assert tag.count(b"\n") == 1
        assert [other for other in TAGS if other.startswith(tag)] == [tag]


@given(body=st.binary(), first=st.sampled_from(TAGS), second=st.sampled_from(TAGS))
def test_the_same_bytes_under_another_tag_have_another_digest(
    body: bytes, first: bytes, second: bytes
) -> None:
    same = digest.tagged_digest(first, body) == digest.tagged_digest(second, body)

    assert same == (first == second)


@given(body=st.binary(), tag=st.sampled_from(TAGS))
def test_a_digest_has_one_spelling(body: bytes, tag: bytes) -> None:
    text = digest.tagged_digest(tag, body)

    assert text == "sha256:" + hashlib.sha256(tag + body).hexdigest()
    assert digest.is_digest(text)
    assert not any(
        map(digest.is_digest, (text.upper(), text + "\n", text[:-1], text + "0", text[7:], " " + text))
    )


@pytest.mark.fuzz
@given(
    one=st.dictionaries(NAMES, json_values(), max_size=3),
    other=st.dictionaries(NAMES, json_values(), max_size=3),
)
def test_two_effects_share_a_digest_only_when_they_are_the_same_effect(
    one: JsonObject, other: JsonObject
) -> None:
    first = parse.effect_of({"surface": "a", "action": "b", "parameters": one})
    second = parse.effect_of({"surface": "a", "action": "b", "parameters": other})

    assert (first.digest == second.digest) == (canonical_bytes(one) == canonical_bytes(other))


def test_the_effect_vectors_hold() -> None:
    cases = effects()

    assert len(cases) >= 20
    for case in cases:
        effect = parse.effect_of(parse.fast.read(case.document))
        assert (case.name, effect.digest) == (case.name, case.effect_digest)
        assert (case.name, canonical_bytes(parse.effect_document(effect))) == (case.name, case.canonical)


def test_only_the_spellings_of_one_effect_share_its_digest() -> None:
    spellings = {"whole", "whole-reversed", "whole-indented"}
    digests = [case.effect_digest for case in effects() if case.name not in spellings - {"whole"}]

    assert len(set(digests)) == len(digests)
    assert len({case.effect_digest for case in effects() if case.name in spellings}) == 1
