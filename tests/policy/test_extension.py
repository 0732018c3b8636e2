"""Texts of extension types: what we accept, the genuine engine accepts."""

from __future__ import annotations

import cedarpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from licet.policy import extension
from licet.policy.types import ExtensionType

KINDS = extension.READERS
GOOD = {
    "decimal": ["0.0", "1.23", "-1.2345", "00.10", "922337203685477.5807", "-922337203685477.5807"],
    "datetime": [
        "2024-02-29",
        "0001-01-01",
        "9999-12-31",
        "2026-11-23T09:00:00Z",
        "2026-11-23T23:59:59.999Z",
        "2026-11-23T09:00:00+0130",
        "2026-11-23T09:00:00.001-2359",
    ],
    "duration": ["1d", "-1d2h3m4s5ms", "0ms", "1m", "1ms", "106751991167d"],
    "ip": ["1.2.3.4", "0.0.0.0/0", "10.0.0.0/8", "::1", "::/0", "2001:db8::1/128", "A:b:c::d"],
}
BAD = {
    "decimal": [
        "",
        "1",
        "1.",
        ".5",
        "1.23456",
        "+1.0",
        "1e3",
        "1,0",
        " 1.0",
        "1.0\n",
        "922337203685477.5808",
        "1234567890123456.0",
        "\u0661.0",
        "--1.0",
        "NaN",
    ],
    "datetime": [
        "",
        "2024-2-29",
        "2023-02-29",
        "2026-13-01",
        "2026-11-23T09:00",
        "2026-11-23T09:00:00",
        "2026-11-23 09:00:00Z",
        "2026-11-23T24:00:00Z",
        "2026-11-23T09:60:00Z",
        "2026-11-23T09:00:60Z",
        "2026-11-23T09:00:00.1Z",
        "2026-11-23T09:00:00z",
        "2026-11-23T09:00:00+01:30",
        "2026-11-23T09:00:00+2400",
        "20261-01-01",
        "2026-11-23\n",
        "2026-11-23T09:00:00+0060",
    ],
    "duration": [
        "",
        "-",
        "1",
        "1h1d",
        "1d1d",
        "1.5h",
        "1w",
        "1D",
        " 1d",
        "106751991168d",
        "1d\n",
        "9" * 63 + "d",
        "+1d",
    ],
    "ip": [
        "",
        "1.2.3",
        "1.2.3.4.5",
        "01.2.3.4",
        "256.0.0.1",
        "1.2.3.4/33",
        "1.2.3.4/08",
        "1.2.3.4/",
        "1.2.3.4/255.0.0.0",
        "::ffff:1.2.3.4",
        "fe80::1%eth0",
        "::/129",
        ":::",
        "1::2::3",
        " 1.2.3.4",
        "g::",
        "1.2.3.4\n",
    ],
}


def engine_reads(kind, text):
    """Whether the genuine engine takes ``text`` as a value of ``kind`` in a request."""
    context = f'{{"x": {ExtensionType(name=kind).cedar()}}}'
    applies = f"principal: A, resource: A, context: {context}"
    schema = cedarpy.Schema.from_str(f'entity A; action "a" appliesTo {{{applies}}};')
    ref = {"type": "A", "id": "a"}
    request = {
        "principal": ref,
        "action": {"type": "Action", "id": "a"},
        "resource": ref,
        "context": {"x": {"__extn": {"fn": kind, "arg": text}}},
    }
    answer = cedarpy.is_authorized(request, "permit (principal, action, resource);", [], schema)
    return answer.decision is not cedarpy.Decision.NoDecision


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, texts in GOOD.items() for text in texts])
def test_what_is_right_is_accepted_by_both(kind, text):
    assert KINDS[kind](text) is not None
    assert engine_reads(kind, text)


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, texts in BAD.items() for text in texts])
def test_what_is_wrong_is_refused(kind, text):
    assert KINDS[kind](text) is None


ALPHABETS = {"decimal": "0159.-", "datetime": "0129-:TZ.+", "duration": "019-dhms", "ip": "0129afF.:/"}


@pytest.mark.parametrize("kind", sorted(KINDS))
@given(data=st.data())
def test_what_we_accept_the_engine_accepts(kind, data):
    good = st.sampled_from(GOOD[kind])
    text = data.draw(st.one_of(st.text(ALPHABETS[kind], max_size=30), good))
    if text in GOOD[kind] and data.draw(st.booleans()):
        place = data.draw(st.integers(0, len(text) - 1))
        text = text[:place] + data.draw(st.sampled_from(ALPHABETS[kind])) + text[place + 1 :]

    assert KINDS[kind](text) is None or engine_reads(kind, text)


def test_a_decimal_is_compared_in_ten_thousandths():
    assert extension.decimal_scaled("1.5") == 15_000
    assert extension.decimal_scaled("-0.0001") == -1
    assert extension.decimal_scaled("1") is None


SAME = {
    "decimal": ["1.0", "1.00", "01.0", "-0.0", "0.0000", "1.0001"],
    "datetime": [
        "2026-01-01",
        "2026-01-01T00:00:00Z",
        "2026-01-01T01:30:00+0130",
        "2025-12-31T22:00:00.000-0200",
        "2026-01-01T00:00:00.001Z",
        "2026-01-02",
        "0001-01-01T00:00:00+2359",
        "0001-01-01",
    ],
    "duration": ["1d", "24h", "1440m", "86400000ms", "-1d", "-24h", "0d", "-0ms", "1d1ms"],
    "ip": [
        "10.0.0.1",
        "10.0.0.1/32",
        "10.0.0.1/31",
        "10.0.0.0/31",
        "::1",
        "0:0::1",
        "::1/128",
        "::",
        "::a",
        "::A",
    ],
}


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, texts in SAME.items() for text in texts])
def test_two_texts_are_one_value_if_and_only_if_they_are_to_the_engine(kind, text):
    schema = cedarpy.Schema.from_str('entity A; action "a" appliesTo {principal: A, resource: A};')
    ref = {"type": "A", "id": "a"}
    for other in SAME[kind]:
        rule = f'permit (principal, action, resource) when {{ {kind}("{text}") == {kind}("{other}") }};'
        asked = {"principal": ref, "action": {"type": "Action", "id": "a"}, "resource": ref, "context": {}}
        same = cedarpy.is_authorized(asked, rule, [], schema).decision is cedarpy.Decision.Allow

        assert (KINDS[kind](text) == KINDS[kind](other)) is same
