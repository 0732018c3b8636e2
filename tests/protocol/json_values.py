"""Hypothesis strategies: values of the profile, and documents that are almost of it."""

from __future__ import annotations

from hypothesis import strategies as st

from licet.protocol import limits
from licet.protocol.types import JsonValue

INTEGERS = st.one_of(
    st.integers(-limits.INT_MAX, limits.INT_MAX),
    st.sampled_from([0, -1, limits.INT_MAX, -limits.INT_MAX, 2**31, 2**32, 10**15]),
)
TEXTS = st.one_of(
    st.text(),
    st.sampled_from(["", "\x00", "\x7f", "\u2028", "e\u0301", "\u00e9", "\ufeff", "\U0001f389", "\ue000"]),
)
NAMES = st.one_of(TEXTS, st.sampled_from(["__proto__", "constructor", "10", "9", "a/b", "~", "a"]))
SCALARS = st.one_of(st.none(), st.booleans(), INTEGERS, TEXTS)


def json_values(names: st.SearchStrategy[str] = NAMES, leaves: int = 12) -> st.SearchStrategy[JsonValue]:
    """Any value of the profile."""
    return st.recursive(
        SCALARS,
        lambda inner: st.one_of(st.lists(inner, max_size=5), st.dictionaries(names, inner, max_size=5)),
        max_leaves=leaves,
    )


TOKENS = st.sampled_from([
    "{", "}", "[", "]", ",", ":", '"', " ", "\n", "\t", "\x0b", "\u00a0", "\ufeff", "\\", "-", "01", "0",
    "-0", "1", "1.0", "1e3", "9007199254740991", "9007199254740992", "-9007199254740992", "1" * 20,
    "NaN", "Infinity", "-Infinity", "null", "true", "false", "nul", '"a"', '"b"', '"\\u0061"', '"\\ud800"',
    '"\\udc00"', '"\\ud83d\\ude00"', '"\\uD83D"', '"\\/"', '"\\x"', '"\x00"', '"\u00e9"', '"__proto__"',
    '{"a":', '{"a":1,"a":1}', '{"a":1,"\\u0061":2}', "[[", "]]", "[1,2]", "[" * 40, "]" * 40, '"[[[["',
    '{"a":' * 33, "}" * 33, "1" * 4301,
])  # fmt: skip


@st.composite
def almost_documents(draw: st.DrawFn) -> bytes:
    """Tokens in any order: mostly no JSON, often nearly."""
    return "".join(draw(st.lists(TOKENS, max_size=14))).encode("utf-8", "surrogatepass")


@st.composite
def mutated(draw: st.DrawFn, documents: st.SearchStrategy[bytes]) -> bytes:
    """A document with a few bytes removed, repeated or put in."""
    document = bytearray(draw(documents))
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(document)))
        end = draw(st.integers(start, min(len(document), start + 6)))
        new = draw(
            st.one_of(st.just(bytes(document[start:end]) * 2), st.binary(max_size=3), TOKENS.map(str.encode))
        )
        document[start:end] = new
    return bytes(document)
