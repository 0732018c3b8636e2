"""Taking an object apart: each refusal names its place and its mend, and nothing is left untaken."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from licet.errors import Malformed
from licet.protocol.shape import Members, kind_of
from licet.protocol.types import JsonObject, JsonValue, Outcome


def refused(take: Callable[[Members], object], document: JsonValue) -> Malformed:
    with pytest.raises(Malformed) as caught:
        take(Members(document, "/at"))
    return caught.value


@pytest.mark.parametrize(
    ("take", "value", "message", "mend"),
    [
        (lambda m: m.text("a", chars_max=3), 1, "an integer stands where a string belongs", "send a string"),
        (lambda m: m.text("a", chars_max=3), "", "the string has 0 characters", "send 1 to 3 characters"),
        (lambda m: m.text("a", chars_max=3), "abcd", "the string has 4 characters", "send 1 to 3 characters"),
        (
            lambda m: m.text_or_none("a", chars_max=3),
            None,
            "null stands where a string belongs",
            "send a string",
        ),
        (lambda m: m.integer("a"), True, "a boolean stands where an integer belongs", "send an integer"),
        (lambda m: m.integer("a", low=2, high=4), 5, "5 is out of range", "send 2 to 4"),
        (lambda m: m.integer_or_none("a"), None, "null stands where an integer belongs", "send an integer"),
        (lambda m: m.objects("a"), [], "an array stands where an object belongs", "send an object"),
        (lambda m: m.object_or_none("a"), None, "null stands where an object belongs", "send an object"),
        (lambda m: m.members("a"), "x", "a string stands where an object belongs", "send an object"),
        (lambda m: m.members_or_none("a"), None, "null stands where an object belongs", "send an object"),
        (lambda m: m.array("a", items_max=1), {}, "an object stands where an array belongs", "send an array"),
        (lambda m: m.array("a", items_max=1), [1, 2], "2 elements", "send at most 1"),
        (
            lambda m: m.one_of("a", Outcome),
            "ALLOW",
            "`ALLOW` is not a `a` that this version knows",
            "send one of PERMIT, DENY, SILENCE",
        ),
    ],
)  # fmt: skip
def test_a_refusal_says_what_stands_there_and_what_belongs(
    take: Callable[[Members], object], value: JsonValue, message: str, mend: str
) -> None:
    error = refused(take, {"a": value})

    assert (error.pointer, error.message, error.mend) == ("/at/a", message, mend)


def test_a_missing_member_is_named_where_it_would_be() -> None:
    error = refused(lambda members: members.value("amount"), {})

    assert (error.pointer, error.message, error.mend) == (
        "/at/amount", "the member `amount` is missing", "add `amount`",
    )  # fmt: skip


def test_absent_is_none_for_every_optional_kind() -> None:
    members = Members({})

    assert members.text_or_none("a", chars_max=1) is None
    assert members.integer_or_none("a") is None
    assert members.object_or_none("a") is None
    assert members.members_or_none("a") is None
    assert not members.null("a")
    members.end()


def test_null_is_taken_only_where_it_is() -> None:
    members = Members({"a": None, "b": 1})

    assert members.null("a")
    assert not members.has("a")
    assert not members.null("b")
    assert members.integer("b") == 1
    members.end()


@pytest.mark.parametrize(
    ("name", "mend"),
    [
        ("surfac\u0435", "did you mean `surface`?"),
        ("parametres", "did you mean `parameters`?"),
        ("zzz", "known here: parameters, surface"),
    ],
)
def test_an_unknown_member_gets_a_hint(name: str, mend: str) -> None:
    def take(members: Members) -> None:
        members.value("surface")
        members.has("parameters")
        members.end()

    assert refused(take, {"surface": 1, name: 2}).mend == mend


def test_a_hostile_name_or_value_is_shown_harmless_and_short() -> None:
    hostile = "\n\x1b[2J\u202e" + "x" * 10_000
    unknown = refused(lambda members: members.end(), {hostile: 1})
    wrong = refused(lambda members: members.one_of("a", Outcome), {"a": "\x1b[2J\u202e"})

    for error in (unknown, wrong):
        assert error.message.isprintable()
        assert len(error.message) < 300
    assert unknown.pointer == f"/at/{hostile}"


def test_a_huge_unknown_name_costs_little() -> None:
    names: JsonObject = {json.dumps(number) * 10_000: number for number in range(6)}

    assert "unknown" in refused(lambda members: members.end(), names).message


def test_taking_leaves_the_object_as_it_was() -> None:
    document: JsonObject = {"a": 1, "b": {"c": 2}}
    members = Members(document)
    members.value("a")
    members.members("b").value("c")

    assert document == {"a": 1, "b": {"c": 2}}
    assert members.document is document


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (None, "null"),
        (True, "a boolean"),
        (1, "an integer"),
        ("", "a string"),
        ([], "an array"),
        ({}, "an object"),
    ],
)
def test_every_kind_has_its_json_name(value: JsonValue, kind: str) -> None:
    assert kind_of(value) == kind
