"""Checks of the rules against the whole bundle, beside what the engine validates.

The engine takes any entity id for granted: ``resource == Surface::"payments.tranfser"`` validates, and
such a forbid forbids nothing. So every group, team, role, environment and surface that a rule names must
exist, and a rule must be able to meet a surface.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import cedarpy
from cedarpy import pst

from licet.policy.entities import Graph, groups_of
from licet.policy.findings import Findings
from licet.policy.language import Policy
from licet.policy.schema_gen import ENTITY_TYPES, context_type
from licet.policy.scope import meets
from licet.policy.sentences import Vocabulary, validation
from licet.policy.surface import SurfaceDeclaration
from licet.policy.toml_source import did_you_mean
from licet.policy.types import RecordType
from licet.protocol.types import Surface

_CLOSED = frozenset({"Team", "Role", "SurfaceGroup", "Environment", "Surface"})


def check_policies(
    policies: Sequence[Policy],
    surfaces: Mapping[Surface, SurfaceDeclaration],
    schemas: Mapping[Surface, str],
    graph: Graph,
    findings: Findings,
) -> None:
    """Validate each rule against every surface its scope can meet; meeting none is an error."""
    parsed = {name: cedarpy.Schema.from_str(text) for name, text in schemas.items()}
    known = _known_entities(surfaces, graph)
    for policy in policies:
        _check_names(policy, known, findings)
        doors = [surface for surface in surfaces.values() if meets(policy, surface)]
        if not doors:
            _unmet(policy, surfaces, findings)
        for surface in doors:
            _validate(policy, surface, parsed[surface.name], findings)
        if policy.effect == "permit" and _is_unscoped(policy):
            findings.warning(
                "POL040",
                policy.statement.place(),
                "the permit names neither an action nor a resource",
                "name them, so that a new surface is not opened by an old rule",
                statement=policy.id,
            )


def check_surfaces(
    surfaces: Mapping[Surface, SurfaceDeclaration],
    policies: Sequence[Policy],
    tested: frozenset[Surface],
    findings: Findings,
) -> None:
    """Warn of doors that nothing can open and of doors that nothing tests."""
    permits = [policy for policy in policies if policy.effect == "permit"]
    for name, surface in surfaces.items():
        if policies and not any(meets(policy, surface) for policy in permits):
            message = f"no rule can permit anything on `{name}`"
            findings.warning("POL041", surface.place, message, "write a permit, or take the surface out")
        if name not in tested:
            findings.warning("POL042", surface.place, f"no test asks `{name}`", "write a case in tests/")


def _validate(
    policy: Policy, surface: SurfaceDeclaration, schema: cedarpy.Schema, findings: Findings
) -> None:
    result = cedarpy.validate_policies(policy.statement.text, schema)
    if result.validation_passed:
        return
    words = _vocabulary(surface)
    faults = [validation(error.error, policy.statement, words) for error in result.errors]
    # Beside an unknown name, "no applicable action" says the same thing again.
    telling = [fault for fault in faults if fault.code != "POL016"] or faults
    for fault in telling:
        findings.error(fault.code, fault.place, fault.message, fault.mend, statement=policy.id)


def _vocabulary(surface: SurfaceDeclaration) -> Vocabulary:
    groups = {group for names in surface.action_groups.values() for group in names}
    return Vocabulary(
        surface=surface.name,
        attributes=tuple(sorted(_dotted(context_type(surface), ""))),
        actions=tuple(sorted({*surface.actions, *groups})),
        entity_types=ENTITY_TYPES,
    )


def _dotted(record: RecordType, above: str) -> list[str]:
    """``facts.now``, ``parameters.amount_minor`` and so on: the leaves of a record."""
    found: list[str] = []
    for field in record.fields:
        name = f"{above}{field.name}"
        found += _dotted(field.type, f"{name}.") if isinstance(field.type, RecordType) else [name]
    return found


def _unmet(policy: Policy, surfaces: Mapping[Surface, SurfaceDeclaration], findings: Findings) -> None:
    actions = sorted({action for surface in surfaces.values() for action in surface.actions})
    message = f"no surface can meet the scope of `{policy.id}`, so it never applies"
    mend = f"surfaces: {', '.join(sorted(surfaces))}; actions: {', '.join(actions)}"
    findings.error("POL016", policy.statement.place(), message, mend, statement=policy.id)


def _is_unscoped(policy: Policy) -> bool:
    node = policy.node
    return isinstance(node.action, pst.ScopeAny) and isinstance(node.resource, pst.ScopeAny | pst.ScopeIs)


def _known_entities(
    surfaces: Mapping[Surface, SurfaceDeclaration], graph: Graph
) -> dict[str, frozenset[str]]:
    known = {kind: {ref.id for ref in groups_of(graph) if ref.type == kind} for kind in _CLOSED}
    for surface in surfaces.values():
        known["Surface"].add(surface.name)
        known["SurfaceGroup"].update(surface.groups)
        if surface.environment is not None:
            known["Environment"].add(surface.environment)
    return {kind: frozenset(names) for kind, names in known.items()}


def _check_names(policy: Policy, known: Mapping[str, frozenset[str]], findings: Findings) -> None:
    for entity in sorted(pst.entity_uids(policy.node), key=str):
        kind = str(entity.type)
        if kind not in known or entity.id in known[kind]:
            continue
        hit = policy.statement.find(entity.id)
        place = hit[0] if hit else policy.statement.place()
        declare = f"declare a `{kind}` in entities/ or in a surface"
        mend = did_you_mean(entity.id, sorted(known[kind]), declare)
        message = f"nobody declares {kind} `{entity.id}`, so the rule says nothing about it"
        findings.error("POL018", place, message, mend, statement=policy.id)
