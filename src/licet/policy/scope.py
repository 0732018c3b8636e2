"""Which surfaces a policy's scope can meet. Over-inclusion is sound, leaving one out is not.

A policy is put before a surface's engine if and only if its scope can hold there, for some principal.
A scope never errors, so a policy left out could neither permit, forbid nor fail.
"""

from __future__ import annotations

from typing import assert_never

from cedarpy import pst

from licet.policy.language import Policy
from licet.policy.surface import SurfaceDeclaration


def meets(policy: Policy, surface: SurfaceDeclaration) -> bool:
    """Whether some request to ``surface`` can satisfy the action and resource scope of ``policy``."""
    return _meets_action(policy.node.action, surface) and _meets_resource(policy.node.resource, surface)


def _meets_action(constraint: pst.ActionConstraint, surface: SurfaceDeclaration) -> bool:
    names = set(surface.actions)
    match constraint:
        case pst.ScopeAny():
            return True
        case pst.ActionEq():
            return constraint.entity.id in names
        case pst.ActionIn():
            groups = {group for above in surface.action_groups.values() for group in above}
            return any(entity.id in names | groups for entity in constraint.entities)
        case _:
            assert_never(constraint)


def _meets_resource(constraint: pst.PrincipalOrResourceConstraint, surface: SurfaceDeclaration) -> bool:
    match constraint:
        case pst.ScopeAny():
            return True
        case pst.ScopeEq():
            return _is_surface(constraint.entity, surface)
        case pst.ScopeIn():
            return _is_above(constraint.entity, surface)
        case pst.ScopeIs():
            return str(constraint.entity_type) == "Surface"
        case pst.ScopeIsIn():
            return str(constraint.entity_type) == "Surface" and _is_above(constraint.entity, surface)
        case _:
            assert_never(constraint)


def _is_surface(entity: pst.EntityOrSlot, surface: SurfaceDeclaration) -> bool:
    # A slot stands in templates alone, and a bundle has none; counting it in would be sound.
    return isinstance(entity, pst.Slot) or (str(entity.type) == "Surface" and entity.id == surface.name)


def _is_above(entity: pst.EntityOrSlot, surface: SurfaceDeclaration) -> bool:
    if isinstance(entity, pst.Slot) or _is_surface(entity, surface):
        return True
    match str(entity.type):
        case "SurfaceGroup":
            return entity.id in surface.groups
        case "Environment":
            return entity.id == surface.environment
        case _:
            return False
