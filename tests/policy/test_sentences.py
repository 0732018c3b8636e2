"""The engine's sentences, pinned: an engine that rewords itself is seen here, not by an author."""

from __future__ import annotations

import cedarpy
import pytest

from licet.policy import sentences
from licet.policy.findings import Findings
from licet.policy.sentences import Vocabulary
from licet.policy.statements import Statement, split_statements

SCOPE = "permit (principal, action, resource)"
WORDS = Vocabulary(
    surface="door.open",
    attributes=("facts.now", "parameters.count", "request.ticket"),
    actions=("open", "shut"),
    entity_types=("Agent", "Team"),
)
SCHEMA = """
entity Team; entity Agent in [Team]; entity Surface;
action "open", "shut" appliesTo {
  principal: [Agent], resource: [Surface], context: {"parameters": {"count": Long, "label"?: String}}
};
"""
SYNTAX = {
    "permit (princpal, action, resource);": (
        "found an invalid variable in the policy scope: princpal",
        "scope words",
    ),
    SCOPE + " when { a == b };": ("invalid variable: ", "variables are"),
    "permt (principal, action, resource);": ("invalid policy effect: permt", "did you mean `permit`?"),
    SCOPE + " whn { true };": ("invalid policy condition: whn", "did you mean `when`?"),
    SCOPE + " when { decimel(1) };": ("`decimel` is not a valid function", "did you mean `decimal`?"),
    SCOPE + " when { principal.contain(1) };": (
        "`contain` is not a valid method",
        "did you mean `contains`?",
    ),
    SCOPE + " when { " + "&&".join(["true"] * 101) + " };": (
        "cedarpy: expression nesting exceeds",
        "split it",
    ),
    '@id("a") @id("b") ' + SCOPE + ";": ("duplicate annotation: @id", "write it once"),
    SCOPE: ("unexpected end of input", "end the statement"),
    SCOPE + " when { 1 < };": ("unexpected token `}`", "look before it"),
    SCOPE + " when { 'a' == 1 };": ("invalid token", "double quotes"),
    SCOPE + ' when { "\\q" == 1 };': ("the input `\\q` is not a valid escape", "escapes are"),
    "permit (principal, action);": ("this policy is missing the `resource` variable", "write (principal"),
    "permit (resource, action, principal);": ("found the variable `resource` where", "the order is"),
    SCOPE + " when { 99999999999999999999 > 1 };": ("integer parse error", "64 bits"),
    SCOPE + " when { 9223372036854775809 > 1 };": (
        "integer literal `9223372036854775809` is too large",
        "64 bits",
    ),
    SCOPE + " when { 1 < 2 < 3 };": ("multiple relational operators", "parentheses"),
    SCOPE + ' when { {"a": 1, "a": 2} == {"a": 1} };': ("duplicate key `a`", "once"),
    'permit (principal == "a", action, resource);': ("expected an entity uid", "write an entity"),
    'permit (principal in [Team::"a"], action, resource);': (
        "expected single entity uid",
        "write one entity",
    ),
    SCOPE + " when { ip() };": ("function `ip` expects 1 argument", "arguments"),
    SCOPE + ' when { "a" like 1 };': ("right hand side of a `like`", "write a string"),
}
VALIDATION = {
    'permit (principal, action == Action::"opn", resource);': (
        "POL010",
        "unrecognized action",
        "did you mean `open`?",
    ),
    "permit (principal is Agnt, action, resource);": (
        "POL011",
        "unrecognized entity type",
        "did you mean `Agent`?",
    ),
    SCOPE + " when { context.parameters.cuont > 1 };": (
        "POL012",
        "attribute `parameters.cuont`",
        "parameters.count",
    ),
    SCOPE + ' when { context.parameters.label == "a" };': (
        "POL013",
        "unable to guarantee",
        "context.parameters has label",
    ),
    SCOPE + ' when { context.parameters.count == "a" };': ("POL014", "the types Long and String", "one type"),
    SCOPE + " when { context.parameters.count };": ("POL014", "unexpected type: expected Bool", "one type"),
    SCOPE + " when { [].contains(1) };": ("POL014", "empty set literals", "one type"),
    SCOPE + ' when { ip("a").isLoopback() };': ("POL015", "failed to parse as IP address", "literal"),
    SCOPE + ' when { decimal(if 1 == 1 then "1.0" else "2.0") == decimal("1.0") };': (
        "POL015",
        "extension constructors",
        "literal",
    ),
    "permit (principal is Team, action, resource);": (
        "POL016",
        "unable to find an applicable action",
        "principals are",
    ),
}


def statement(text: str) -> Statement:
    return split_statements("a.cedar", text.encode(), Findings())[0]


@pytest.mark.parametrize("text", sorted(SYNTAX))
def test_the_parser_still_says_this_and_we_know_the_mend(text):
    said, mend = SYNTAX[text]
    with pytest.raises(ValueError, match=r".") as caught:
        cedarpy.policies_to_pst(text)

    fault = sentences.syntax(str(caught.value), statement(text))

    assert said in fault.message
    assert mend in fault.mend
    assert fault.code != "POL099"


@pytest.mark.parametrize("text", sorted(VALIDATION))
def test_the_validator_still_says_this_and_we_know_the_mend(text):
    code, said, mend = VALIDATION[text]
    result = cedarpy.validate_policies(text, SCHEMA)

    faults = [sentences.validation(error.error, statement(text), WORDS) for error in result.errors]

    assert [
        fault for fault in faults if fault.code == code and said in fault.message and mend in fault.mend
    ], faults


def test_an_unknown_sentence_is_shown_as_it_is():
    parsed = sentences.syntax("the moon is full", statement(SCOPE + ";"))
    validated = sentences.validation("for policy `policy0`, the moon is full", statement(SCOPE + ";"), WORDS)

    assert (parsed.code, parsed.message) == ("POL099", "the moon is full")
    assert (validated.code, validated.message) == ("POL099", "the moon is full, on the surface `door.open`")


def test_a_word_that_stands_more_than_once_says_so():
    text = SCOPE + " when { context.parameters.cont > 1 && context.parameters.cont < 9 };"
    error = cedarpy.validate_policies(text, SCHEMA).errors[0].error

    fault = sentences.validation(error, statement(text), WORDS)

    assert "(first of 2)" in fault.message
    assert text[fault.place.col - 1 : fault.place.end_col - 1] == "cont"


def test_a_name_in_a_comment_is_not_the_place():
    text = "// cont is wrong\n" + SCOPE + "// cont\n when { context.parameters.cont > 1 };"
    error = cedarpy.validate_policies(text, SCHEMA).errors[0].error

    fault = sentences.validation(error, statement(text), WORDS)

    assert fault.place.line == 3
