"""Cutting Cedar text: the scanner sees the statements that the genuine parser sees."""

from __future__ import annotations

import cedarpy
from hypothesis import given
from hypothesis import strategies as st

from licet.policy.findings import Findings
from licet.policy.statements import split_statements

RULE = "permit (principal, action, resource)"
PIECES = (
    f"{RULE};",
    f"{RULE} when {{ true }};",
    '@id("a;b") forbid (principal, action, resource);',
    '// a ; " comment\n',
    f'{RULE} when {{ "a\\"; // b" == "c" }};',
    "\n\n",
    "  ",
    f"{RULE} // ; inside\n when {{ 1 == 1 }};",
    f'{RULE} when {{ "//" == "" }};',
    f'@reason("two\\nlines")\n{RULE};',
    "\t\r\n",
)


def split(text: str):
    findings = Findings()
    return split_statements("a.cedar", text.encode(), findings), findings.all()


@given(st.lists(st.sampled_from(PIECES), max_size=8).map("".join))
def test_the_scanner_and_the_parser_count_alike(text):
    statements, faults = split(text)

    whole = cedarpy.policies_to_pst(text)
    assert not faults
    assert len(statements) == len(whole.static_policies)
    alone = [next(iter(cedarpy.policies_to_pst(one.text).static_policies.values())) for one in statements]
    together = [whole.static_policies[f"policy{number}"] for number in range(len(statements))]
    assert [(one.effect, one.clauses) for one in alone] == [(one.effect, one.clauses) for one in together]


@given(st.lists(st.sampled_from(PIECES), max_size=8).map("".join))
def test_a_statement_stands_where_its_place_says(text):
    for statement in split(text)[0]:
        line = text.split("\n")[statement.line - 1]
        assert line[statement.col - 1 :].startswith(statement.text.split("\n")[0].rstrip("\r"))


def test_text_without_its_semicolon_is_a_statement_too():
    statements, _ = split(f"{RULE};\n{RULE}\n// end\n")

    assert [one.line for one in statements] == [1, 2]


def test_nothing_and_comments_are_no_statements():
    assert split("") == ([], ())
    assert split("// only this\n\n") == ([], ())


def test_a_string_that_never_ends_is_reported_where_it_begins():
    statements, faults = split(f'{RULE};\n{RULE} when {{ "open }};\n{RULE};')

    assert statements == []
    assert (faults[0].code, faults[0].line) == ("POL001", 2)


def test_a_place_on_a_later_line_counts_from_its_own_start():
    statement = split(f"  {RULE}\n  when {{ x }};")[0][0]

    place = statement.find("x")[0]

    assert (place.line, place.col, place.end_col) == (2, 10, 11)


def test_a_carriage_return_alone_is_hidden_and_before_a_newline_it_is_not():
    assert split(f"{RULE};\r\n")[1] == ()
    assert split(f"{RULE};\r{RULE};")[1][0].code == "POL029"
