"""A declaration's types: what a request may hold, on both sides of every bound, and what Cedar is given."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from licet.errors import Malformed
from licet.policy.engine import EvaluationInput
from licet.policy.schema_gen import json_schema
from licet.policy.types import BoolType, ExtensionType, Field, IntType, RecordType, SetType, StringType
from licet.policy.validator import Meeting, Problem, meet
from licet.protocol.limits import INT_MAX
from licet.protocol.strict import read_strict
from sample_bundles import SURFACE, door_request, small

EVERYTHING = """\
[surface]
name = "door.open"
actions = ["open"]
audience = "door-executor"

[parameters]
whole = { type = "int" }
bounded = { type = "int", min = -5, max = 5 }
flag = { type = "bool" }
free = { type = "string" }
short = { type = "string", max_length = 3 }
listed = { type = "string", enum = ["a", "b"] }
shaped = { type = "string", pattern = "[A-Z]+-[0-9]+" }
price = { type = "decimal", min = "0.01", max = "99.9999" }
at = { type = "datetime" }
span = { type = "duration" }
host = { type = "ip" }
tags = { type = "set", items = { type = "string" }, max_length = 2 }
nested = { type = "set", items = { type = "set", items = { type = "int" } } }
prices = { type = "set", items = { type = "decimal" }, optional = true }
hosts = { type = "set", items = { type = "ip" }, optional = true }
spans = { type = "set", items = { type = "duration" }, optional = true }
place = { type = "record", fields = { city = { type = "string" }, zip = { type = "int", optional = true } } }
maybe = { type = "bool", optional = true }

[parameters.legs]
type = "set"
optional = true
items = { type = "record", fields = { at = { type = "datetime" }, on = { type = "bool", optional = true } } }
"""
VALUES = {
    "whole": 1,
    "bounded": 0,
    "flag": True,
    "free": "",
    "short": "abc",
    "listed": "a",
    "shaped": "A-1",
    "price": "12.5",
    "at": "2026-11-23",
    "span": "1h",
    "host": "::1",
    "tags": ["x"],
    "nested": [[1], [2]],
    "place": {"city": "Rome"},
}
GOOD = {
    "whole": [INT_MAX, -INT_MAX, 0],
    "bounded": [-5, 5],
    "flag": [False],
    "free": ["x" * 1000, "\0", "\U0001f4a9", '{"__extn":1}', 'Agent::"x"'],
    "short": ["", "abc", "\U0001f4a9" * 3],
    "listed": ["b"],
    "shaped": ["AB-12"],
    "price": ["0.01", "99.9999", "99.99"],
    "at": ["2026-11-23T09:00:00.000Z"],
    "span": ["-1ms"],
    "host": ["10.0.0.0/8"],
    "tags": [[], ["a", "b"]],
    "nested": [[], [[]], [[1, 2], [2]]],
    "prices": [["1.0", "1.01"]],
    "legs": [[{"at": "2026-11-23", "on": True}, {"at": "2026-11-23", "on": False}, {"at": "2026-11-23"}]],
    "hosts": [["10.0.0.0/24", "10.0.0.7/24"]],
    "spans": [["1d", "-1d"]],
    "place": [{"city": "", "zip": 1}],
    "maybe": [True],
}
BAD = {
    "whole": [None, True, "1", [], {}],
    "bounded": [-6, 6],
    "flag": [0, 1, "true", None],
    "free": [None, 1, {"__entity": {"type": "Agent", "id": "x"}}],
    "short": ["abcd"],
    "listed": ["c", "A", ""],
    "shaped": ["a-1", "A-1\n", "A-"],
    "price": ["0.00", "0.0099", "100.0", "12", 12, {"__extn": {"fn": "decimal", "arg": "1.0"}}],
    "at": ["now", 0],
    "span": ["", "1"],
    "host": ["localhost", ""],
    "tags": [["a", "a"], ["a", "b", "c"], [1], "a", [None], {"0": "a"}],
    "nested": [[1], [[1], [1]], [[1, 2], [2, 1]], [[1, 1]], [["1"]]],
    "prices": [["1.0", "1.00"], ["1"]],
    "legs": [[{"at": "2026-11-23", "on": True}, {"on": True, "at": "2026-11-23T00:00:00Z"}]],
    "hosts": [["::1", "0::1"], ["10.0.0.1", "10.0.0.1/32"]],
    "spans": [["1d", "24h"]],
    "place": [{}, {"city": 1}, {"city": "a", "zap": 1}, {"city": "a", "zip": None}, [], None],
    "maybe": [None],
    "undeclared": [1, None],
}
COMPILED = small("", EVERYTHING)
SURFACE_OF_ALL = COMPILED.surfaces["door.open"].declaration


def met(**parameters: object) -> Meeting | Problem:
    return meet(SURFACE_OF_ALL, door_request(parameters={**VALUES, **parameters}))


def engine_takes(meeting: Meeting) -> None:
    """The genuine engine, with its schema, makes a decision on what we hand over."""
    facts = {"now": {"__extn": {"fn": "datetime", "arg": "2026-11-23T09:00:00.000Z"}}}
    context = {"facts": facts, "parameters": meeting.parameters, "request": meeting.request}
    asked = EvaluationInput(
        surface=SURFACE_OF_ALL.name, action="open", principal=meeting.principal, context=context
    )
    COMPILED.engine.evaluate(asked)


@pytest.mark.parametrize(("name", "value"), [(name, value) for name in GOOD for value in GOOD[name]])
def test_a_declared_value_is_met_and_the_engine_takes_it(name, value):
    meeting = met(**{name: value})

    assert isinstance(meeting, Meeting), meeting
    engine_takes(meeting)


@pytest.mark.parametrize(("name", "value"), [(name, value) for name in BAD for value in BAD[name]])
def test_another_value_is_refused_at_its_place_with_a_mend(name, value):
    problem = met(**{name: value})

    assert isinstance(problem, Problem)
    assert problem.pointer.startswith(f"/parameters/{name}")
    assert problem.mend
    assert problem.message


@pytest.mark.parametrize("name", sorted(VALUES))
def test_a_required_member_cannot_be_left_out(name):
    left = {key: value for key, value in VALUES.items() if key != name}

    problem = meet(SURFACE_OF_ALL, door_request(parameters=left))

    assert isinstance(problem, Problem)
    assert problem.pointer == f"/parameters/{name}"


def test_absent_and_empty_parameters_are_both_checked():
    for request in (door_request(parameters={}), door_request(parameters=None)):
        assert isinstance(meet(SURFACE_OF_ALL, request), Problem)


def test_a_misspelt_member_is_told_its_neighbour():
    assert met(bounded2=1).mend == "did you mean `bounded`?"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-INT_MAX, INT_MAX) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from([*VALUES, "maybe", "other"]), JSON, max_size=3))
def test_whatever_is_met_the_engine_takes(parameters):
    meeting = met(**parameters)

    if isinstance(meeting, Meeting):
        engine_takes(meeting)


@given(st.dictionaries(st.sampled_from([*VALUES, "maybe", "other"]), JSON, max_size=3))
def test_whatever_is_met_the_json_schema_takes(parameters):
    request = door_request(parameters={**VALUES, **parameters})

    if isinstance(meet(SURFACE_OF_ALL, request), Meeting):
        document = {**read_strict(request.body), "idempotency_key": "k-1"}
        assert list(Draft202012Validator(json_schema(SURFACE_OF_ALL)).iter_errors(document)) == []


def test_extension_values_reach_cedar_typed():
    meeting = met()

    assert meeting.parameters["price"] == {"__extn": {"fn": "decimal", "arg": "12.5"}}
    assert meeting.parameters["host"] == {"__extn": {"fn": "ip", "arg": "::1"}}


def test_the_target_is_a_claim_beside_the_declared_context():
    declaration = small(surface=SURFACE).surfaces["door.open"].declaration

    meeting = meet(declaration, door_request(target={"type": "lock", "id": "7"}, context={"ticket": "A"}))

    assert meeting.request == {"ticket": "A", "target": {"type": "lock", "id": "7"}}
    assert isinstance(meet(declaration, door_request(context={"target": {"type": "a", "id": "b"}})), Problem)


@pytest.mark.parametrize(
    ("members", "pointer"),
    [
        ({"action": "shut"}, "/action"),
        ({"actor": {"type": "robot", "id": "a"}}, "/actor/type"),
        ({"actor": {"type": "Agent", "id": "a"}}, "/actor/type"),
        ({"audience": "other"}, "/audience"),
        ({"context": {"ticket": None}}, "/context/ticket"),
        ({"context": {"tickt": "a"}}, "/context/tickt"),
        ({"parameters": {"count": 5, "a/b~c": 1}}, "/parameters/a~1b~0c"),
    ],
)
def test_the_first_fault_names_its_member(members, pointer):
    declaration = small().surfaces["door.open"].declaration

    problem = meet(declaration, door_request(**members))

    assert isinstance(problem, Problem)
    assert problem.pointer == pointer


@pytest.mark.parametrize(
    ("actor", "principal"),
    [("agent", "Agent"), ("pipeline", "Pipeline"), ("service", "Service"), ("human", "Human")],
)
def test_an_actor_is_a_principal_of_its_type(actor, principal):
    declaration = small().surfaces["door.open"].declaration

    assert meet(declaration, door_request(actor={"type": actor, "id": "x"})).principal.type == principal


def test_the_json_schema_says_what_the_declaration_says():
    schema = json_schema(SURFACE_OF_ALL)
    parameters = schema["properties"]["parameters"]

    assert parameters["required"] == sorted(VALUES)
    assert parameters["additionalProperties"] is False
    assert parameters["properties"]["bounded"] == {"type": "integer", "minimum": -5, "maximum": 5}
    assert parameters["properties"]["shaped"]["pattern"] == "^(?:[A-Z]+-[0-9]+)$"
    assert parameters["properties"]["listed"]["enum"] == ["a", "b"]
    assert parameters["properties"]["short"]["maxLength"] == 3
    assert parameters["properties"]["tags"]["maxItems"] == 2
    assert parameters["properties"]["tags"]["uniqueItems"] is True
    assert parameters["properties"]["place"]["required"] == ["city"]
    assert schema["required"] == ["surface", "action", "actor", "idempotency_key", "parameters"]
    assert schema["properties"]["audience"] == {"const": "door-executor"}


def test_each_type_has_its_cedar_name():
    record = RecordType(
        fields=(Field(name="b", type=BoolType(), optional=True), Field(name="a", type=IntType()))
    )

    assert SetType(items=record).cedar() == 'Set<{"a": Long, "b"?: Bool}>'
    assert StringType().cedar() == "String"
    assert [ExtensionType(name=name).cedar() for name in ("decimal", "datetime", "duration", "ip")] == [
        "decimal",
        "datetime",
        "duration",
        "ipaddr",
    ]


def test_an_integer_beyond_the_wire_is_refused_below_the_parser_too():
    with pytest.raises(Malformed):
        IntType().convert(INT_MAX + 1, "/x")
