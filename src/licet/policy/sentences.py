"""The engine's sentences to codes, places and mends (``experience.md`` 3).

cedarpy says what is wrong in one sentence without a place. Each sentence it is known to say stands in one
of the two tables; an unknown one is shown as it is, as POL099, so that an engine that rewords itself is
seen (``tests/policy/test_sentences.py`` pins them).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from difflib import get_close_matches

from licet.policy.findings import Place
from licet.policy.statements import Statement

_FUNCTIONS = ("decimal", "datetime", "duration", "ip")
_METHODS = (
    "contains",
    "containsAll",
    "containsAny",
    "isEmpty",
    "getTag",
    "hasTag",
    "lessThan",
    "lessThanOrEqual",
    "greaterThan",
    "greaterThanOrEqual",
    "isIpv4",
    "isIpv6",
    "isLoopback",
    "isMulticast",
    "isInRange",
    "offset",
    "durationSince",
    "toDate",
    "toTime",
    "toMilliseconds",
    "toSeconds",
    "toMinutes",
    "toHours",
    "toDays",
)
_SCOPE = ("principal", "action", "resource")
_CONDITIONS = ("when", "unless")
_EFFECTS = ("permit", "forbid")
_VARIABLES = (*_SCOPE, "context")
_TICKED = re.compile(r"`([^`]*)`")
_PREFIX = re.compile(r"^(?:Policy parse error: |for policy `[^`]*`, )")
_LAST_NAME = re.compile(r"(?:(?<=[.\"])|^)([A-Za-z_][A-Za-z0-9_:/-]*|[0-9][0-9.]*)\"?$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """The names a rule may use on one surface, for mends."""

    surface: str
    attributes: tuple[str, ...]
    actions: tuple[str, ...]
    entity_types: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One sentence of the engine, told to people."""

    code: str
    place: Place
    message: str
    mend: str


_Mend = str | Callable[[str], str]


def _near(names: Iterable[str], otherwise: str) -> Callable[[str], str]:
    known = tuple(names)

    def mend(got: str) -> str:
        near = get_close_matches(got, known, 1)
        return f"did you mean `{near[0]}`?" if near else otherwise

    return mend


_SYNTAX: tuple[tuple[re.Pattern[str], str, _Mend], ...] = (
    (
        re.compile(r"invalid variable in the policy scope: (\S+)"),
        "POL001",
        "scope words are principal, action, resource",
    ),
    (
        re.compile(r"^invalid variable: (\S+)"),
        "POL001",
        _near(_VARIABLES, "variables are principal, action, resource, context"),
    ),
    (
        re.compile(r"^invalid policy effect: (\S+)"),
        "POL001",
        _near(_EFFECTS, "a statement begins with permit or forbid"),
    ),
    (
        re.compile(r"^invalid policy condition: (\S+)"),
        "POL001",
        _near(_CONDITIONS, "a condition begins with when or unless"),
    ),
    (
        re.compile(r"^`([^`]*)` is not a valid function"),
        "POL001",
        _near(_FUNCTIONS, f"functions: {', '.join(_FUNCTIONS)}"),
    ),
    (
        re.compile(r"^`([^`]*)` is not a valid method"),
        "POL001",
        _near(_METHODS, "see the methods of Cedar 4.5"),
    ),
    (re.compile(r"nesting exceeds the supported limit()"), "POL017", "split it into several policies"),
    (re.compile(r"^duplicate annotation: (@\S+)"), "POL006", "write it once; separate obligations by commas"),
    (
        re.compile(r"^unexpected end of input()"),
        "POL001",
        "end the statement with `;` and close every bracket",
    ),
    (
        re.compile(r"^unexpected token `([^`]*)`"),
        "POL001",
        "look before it: a missing operator, bracket or `;`",
    ),
    (re.compile(r"^invalid token()"), "POL001", "write ASCII operators and double quotes"),
    (
        re.compile(r"^the input `([^`]*)` is not a valid escape"),
        "POL001",
        r"escapes are \n \r \t \0 \\ \" \' \u{...}",
    ),
    (re.compile(r"missing the `([^`]*)` variable"), "POL001", "write (principal, action, resource)"),
    (re.compile(r"the variable `([^`]*)` where"), "POL001", "the order is principal, action, resource"),
    (re.compile(r"^integer (?:parse error|literal)(?: `([^`]*)`)?"), "POL001", "integers have 64 bits"),
    (re.compile(r"multiple relational operators()"), "POL001", "write parentheses around each comparison"),
    (re.compile(r"^duplicate key `([^`]*)`"), "POL001", "write each key once"),
    (re.compile(r"^expected an entity uid()"), "POL001", 'write an entity such as Team::"finance"'),
    (re.compile(r"^expected single entity uid()"), "POL001", "write one entity; only actions take a list"),
    (re.compile(r"^function `([^`]*)` expects"), "POL001", "give it that many arguments"),
    (re.compile(r"right hand side of a `like`()"), "POL001", "write a string after like"),
)

_ANY_NAME = r"`([^`]*)`"
_VALIDATION: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(rf"^unrecognized action {_ANY_NAME}"), "POL010"),
    (re.compile(rf"^unrecognized entity type {_ANY_NAME}"), "POL011"),
    (re.compile(rf"^attribute {_ANY_NAME} .*not found"), "POL012"),
    (re.compile(rf"access to optional attribute {_ANY_NAME}"), "POL013"),
    (re.compile(r"^the types .* are not compatible()"), "POL014"),
    (re.compile(r"^unexpected type: ()"), "POL014"),
    (re.compile(r"^empty set literals()"), "POL014"),
    (re.compile(r"^extension constructors may not()"), "POL015"),
    (re.compile(rf"^error during extension function argument validation: .*?{_ANY_NAME}"), "POL015"),
    (re.compile(r"^unable to find an applicable action()"), "POL016"),
)


def syntax(sentence: str, statement: Statement) -> Fault:
    """What the parser said of one statement."""
    plain = _PREFIX.sub("", sentence)
    for shape, code, mend in _SYNTAX:
        match = shape.search(plain)
        if match is not None:
            word = match.group(1) or ""
            place, note = _place(statement, word)
            text = mend if isinstance(mend, str) else mend(word)
            return Fault(code=code, place=place, message=plain + note, mend=text)
    return Fault(
        code="POL099", place=statement.place(), message=plain, mend="read the sentence of the Cedar engine"
    )


def validation(sentence: str, statement: Statement, words: Vocabulary) -> Fault:
    """What the validator said of one statement against the schema of one surface."""
    plain = _PREFIX.sub("", sentence)
    for shape, code in _VALIDATION:
        match = shape.search(plain)
        if match is not None:
            word = match.group(1) or ""
            place, note = _place(statement, word)
            message = f"{plain}, on the surface `{words.surface}`{note}"
            return Fault(code=code, place=place, message=message, mend=_mend(code, word, words))
    message = f"{plain}, on the surface `{words.surface}`"
    return Fault(
        code="POL099", place=statement.place(), message=message, mend="read the sentence of the Cedar engine"
    )


def _mend(code: str, word: str, words: Vocabulary) -> str:
    match code:
        case "POL010":
            name = _last(word)
            return _near(words.actions, f"declared actions: {', '.join(words.actions)}")(name)
        case "POL011":
            return _near(words.entity_types, f"entity types: {', '.join(words.entity_types)}")(word)
        case "POL012":
            return _near(words.attributes, f"the surface declares: {', '.join(words.attributes)}")(word)
        case "POL013":
            base, _, attribute = f"context.{word}".rpartition(".")
            return f"write `{base} has {attribute} && ...` before it"
        case "POL014":
            return "compare values of one type; decimals take .lessThan() and its kin"
        case "POL015":
            return 'write a literal such as decimal("12.50")'
        case _:
            return f"principals are agents, pipelines, services, humans; actions: {', '.join(words.actions)}"


def _place(statement: Statement, word: str) -> tuple[Place, str]:
    """Where ``word`` stands, narrowed to its last name (`cont` of `parameters.cont`), and its note."""
    name = _last(word)
    hit = statement.find(word) if word else None
    if hit is not None and name:
        col = hit[0].col + word.rindex(name)
        hit = (replace(hit[0], col=col, end_col=col + len(name)), hit[1])
    if hit is None and name:
        hit = statement.find(name)
    if hit is None:
        return statement.place(), ""
    return hit[0], f" (first of {hit[1]})" if hit[1] > 1 else ""


def _last(word: str) -> str:
    match = _LAST_NAME.search(word)
    return match.group(1) if match else ""
