"""Declarations: every key with its default, and what they become in Cedar."""

from __future__ import annotations

import cedarpy
import pytest

from licet.policy.schema_gen import cedar_schema
from licet.protocol.types import Outcome
from sample_bundles import SURFACE, compiled, small, small_files, starter_files


def declared(surface: str = SURFACE):
    return small("", surface).surfaces["door.open"].declaration


def with_keys(lines: str):
    return declared(SURFACE.replace("[parameters]", f"{lines}\n[parameters]", 1))


def test_the_defaults_are_those_of_the_table():
    surface = declared()

    assert (surface.risk, surface.mode, surface.claimed_by) == ("high", "enforce", "executor")
    assert (surface.groups, surface.environment, dict(surface.action_groups)) == (("door",), None, {})
    assert surface.outcomes == frozenset(Outcome)
    assert (surface.permit_ttl_s, surface.completion_deadline_s, surface.approval_ttl_s) == (60, 3600, 86400)
    assert (surface.replay_limit, surface.retention_days) == (0, 2555)
    assert surface.facts == ()


@pytest.mark.parametrize(
    "line",
    [
        'spend = "claim"',
        'witness = "none"',
        'explain = "reason"',
        'on_failure = "block"',
        "double_check = false",
    ],
)
def test_a_setting_may_be_written_with_the_one_value_that_exists(line):
    assert with_keys(line) is not None


@pytest.mark.parametrize(
    ("key", "low", "high"),
    [
        ("permit_ttl_s", 1, 600),
        ("completion_deadline_s", 1, 366 * 86_400),
        ("approval_ttl_s", 1, 366 * 86_400),
        ("replay_limit", 0, 2**53 - 1),
        ("retention_days", 1, 36_525),
    ],
)
def test_a_number_reaches_to_both_its_bounds(key, low, high):
    assert getattr(with_keys(f"{key} = {low}"), key) == low
    assert getattr(with_keys(f"{key} = {high}"), key) == high


def test_every_other_key_is_kept_as_written():
    surface = with_keys(
        'risk = "low"\nmode = "observe"\nclaimed_by = "door"\ngroups = ["doors", "house"]\n'
        'environment = "prod"\naction_groups = { open = ["entry"] }\noutcomes = ["SILENCE", "DENY"]'
    )

    assert (surface.risk, surface.mode, surface.claimed_by) == ("low", "observe", "door")
    assert (surface.groups, surface.environment) == (("doors", "house"), "prod")
    assert dict(surface.action_groups) == {"open": ("entry",)}
    assert surface.outcomes == {Outcome.SILENCE, Outcome.DENY}
    assert with_keys('risk = "medium"').risk == "medium"


def test_rules_reach_a_surface_through_its_group_environment_and_action_group():
    keys = 'environment = "prod"\ngroups = ["doors"]\naction_groups = { open = ["entry"] }'
    surface = SURFACE.replace("[parameters]", f"{keys}\n[parameters]", 1)
    scopes = {
        "any": "principal, action, resource",
        "group": 'principal, action, resource in SurfaceGroup::"doors"',
        "environment": 'principal, action, resource in Environment::"prod"',
        "itself": 'principal, action, resource in Surface::"door.open"',
        "kind": "principal, action, resource is Surface",
        "kind-in": 'principal, action, resource is Surface in Environment::"prod"',
        "entry": 'principal, action in Action::"entry", resource',
        "listed": 'principal, action in [Action::"entry", Action::"open"], resource',
    }
    rules = "".join(f'@id("{name}") permit ({scope});\n' for name, scope in scopes.items())

    built = small(rules, surface)

    assert sorted(built.surfaces["door.open"].policies) == sorted(scopes)


def test_a_rule_is_left_out_where_its_scope_cannot_hold():
    other = SURFACE.replace("door.open", "gate.shut").replace('["open"]', '["shut"]')
    scopes = {
        "door": 'principal, action, resource == Surface::"door.open"',
        "door-group": 'principal, action, resource is Surface in SurfaceGroup::"door"',
        "open": 'principal, action == Action::"open", resource',
        "gate": 'principal, action in [Action::"shut"], resource',
        "all": "principal, action, resource",
    }
    rules = "".join(f'@id("{name}") permit ({scope});\n' for name, scope in scopes.items())

    built = compiled(small_files(policies=rules, more={"surfaces/gate.toml": other.encode()}))

    assert sorted(built.surfaces["door.open"].policies) == ["all", "door", "door-group", "open"]
    assert sorted(built.surfaces["gate.shut"].policies) == ["all", "gate"]


def test_the_cedar_schema_is_one_the_engine_reads():
    surface = compiled(starter_files()).surfaces["payments.transfer"].declaration

    schema = cedar_schema(surface, ["transfer", "refund", "apply"])

    assert cedarpy.Schema.from_str(schema)
    assert '"amount_minor": Long' in schema
    assert '"business": {"freeze": Bool, "holiday": Bool, "open": Bool}' in schema
    assert 'action "apply";' in schema
    assert 'action "transfer" in [Action::"money_out"] appliesTo' in schema


def test_parameters_may_be_named_like_words_of_the_language():
    words = ("if", "in", "like", "is", "permit", "principal", "true", "type", "entity", "Set", "Long")
    fields = "\n".join(f'{word} = {{ type = "int" }}' for word in words)
    surface = SURFACE[: SURFACE.index("count =")] + fields

    rule = '@id("r") permit (principal, action, resource) when { context.parameters["if"] == 1 };'

    assert small(rule, surface).surfaces["door.open"]
