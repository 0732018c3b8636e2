"""Patterns: the subset, and that nothing in it can be slow."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from licet.policy.pattern import PatternRefused, compile_pattern

GOOD = {
    "[A-Z]+-[0-9]+": (["FIN-7", "A-0"], ["FIN-", "-7", "fin-7", "FIN-7 ", "FIN-7\n"]),
    "[a-z][a-z0-9-]{1,62}": (["ab", "a-1"], ["a", "1a", "a" * 64]),
    "(USD|EUR) [0-9]{3}": (["USD 123"], ["GBP 123", "USD 12"]),
    r"v[0-9]+\.[0-9]+": (["v1.2"], ["v1x2"]),
    "a?b*c{2}": (["cc", "abbcc"], ["c", "aacc"]),
    "[A-Z]{2}[0-9A-Z]{9}[0-9]": (["US0378331005"], ["US037833100A"]),
    r"[\[\]\\^-]+": (["[]\\^-"], ["a"]),
    "x{2,}y": (["xxy", "xxxxy"], ["xy"]),
}
BAD = {
    "": "0 characters",
    "a" * 257: "257 characters",
    "ä": "printable ASCII",
    "a\tb": "printable ASCII",
    ".*": "not in the subset",
    "^a": "not in the subset",
    "a$": "not in the subset",
    r"\d+": "not in the subset",
    r"(a)\1": "not in the subset",
    "[^a]": "negated class",
    "[]": "empty class",
    "[b-a]": "runs backwards",
    r"[\d]": "not in the subset",
    "[[:alpha:]]": "inside a class",
    "[a": "ends too early",
    "(a": "ends too early",
    "a\\": "ends too early",
    "(a|b)+": "alternation is repeated",
    "([ab])": "more than literals",
    "((a))": "more than literals",
    "(a|ab)": "begins another",
    "(a|a)": "begins another",
    "(|a)": "begins another",
    "()": "begins",
    "a**": "repeat is repeated",
    "a+?": "repeat is repeated",
    "a{2}{3}": "repeat is repeated",
    "a{": "cannot be read",
    "a{,3}": "cannot be read",
    "a{3,2}": "out of range",
    "a{1001}": "out of range",
    "a{2,1001}": "out of range",
    "a|b": "not in the subset",
    "(?i)a": "not in the subset",
    "a]": "not in the subset",
    "[a-z]+[a-z]": "could belong",
    "[a-z]*[0-9]*[a-z]": "could belong",
    "a?a": "could belong",
    "[a-z]+(abc|xyz)": "could belong",
    "a{1,2}a": "could belong",
}


@pytest.mark.parametrize("pattern", sorted(GOOD))
def test_a_pattern_of_the_subset_means_what_it_says(pattern):
    compiled = compile_pattern(pattern)
    yes, no = GOOD[pattern]

    assert all(compiled.fullmatch(text) for text in yes)
    assert not any(compiled.fullmatch(text) for text in no)


@pytest.mark.parametrize("pattern", sorted(BAD))
def test_a_pattern_outside_the_subset_is_refused_with_a_mend(pattern):
    with pytest.raises(PatternRefused, match=re.escape(BAD[pattern])) as caught:
        compile_pattern(pattern)

    assert caught.value.mend


@given(st.text("ab01[]-{}()+*?|\\,^", min_size=1, max_size=12), st.sampled_from("ab0"))
def test_whatever_is_accepted_is_linear(pattern, char):
    try:
        compiled = compile_pattern(pattern)
    except PatternRefused:
        return

    began = time.perf_counter()
    compiled.fullmatch(char * 20_000 + "!")
    assert time.perf_counter() - began < 1
