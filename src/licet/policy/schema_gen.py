"""One declaration to its two schemas: Cedar's, for rules, and JSON Schema, for doors (``policy.md`` 2).

There is one Cedar schema per surface, since two surfaces may share an action and differ in parameters.
Actions of other surfaces are declared in it too, applying to nothing: a rule that lists actions of
several surfaces then passes on each, and a misspelt action on none.
"""

from __future__ import annotations

from collections.abc import Iterable

from licet.policy.providers import facts_type
from licet.policy.surface import SurfaceDeclaration
from licet.policy.types import Field, RecordType, StringType
from licet.protocol import ids, limits
from licet.protocol.types import Action, JsonObject

PRINCIPALS = ("Agent", "Pipeline", "Service", "Human")
ENTITY_TYPES = ("Team", "Role", *PRINCIPALS, "SurfaceGroup", "Environment", "Surface")

_ENTITIES = """\
entity Team in [Team];
entity Role;
entity Agent, Pipeline, Service, Human in [Team, Role];
entity SurfaceGroup, Environment;
entity Surface in [SurfaceGroup, Environment];
"""
_TARGET = Field(
    name="target",
    type=RecordType(fields=(Field(name="id", type=StringType()), Field(name="type", type=StringType()))),
    optional=True,
)


def request_type(surface: SurfaceDeclaration) -> RecordType:
    """The type of ``context.request``: the declared claims of the caller, and the target if there is one."""
    return RecordType(fields=(*surface.context.fields, _TARGET))


def context_type(surface: SurfaceDeclaration) -> RecordType:
    """The type of ``context``."""
    return RecordType(
        fields=(
            Field(name="facts", type=facts_type(surface.facts)),
            Field(name="parameters", type=surface.parameters),
            Field(name="request", type=request_type(surface)),
        )
    )


def cedar_schema(surface: SurfaceDeclaration, everywhere: Iterable[str]) -> str:
    """The Cedar schema of ``surface``; ``everywhere`` are all actions and groups of the bundle."""
    groups = {group for names in surface.action_groups.values() for group in names}
    bare = sorted((set(everywhere) | groups) - set(surface.actions))
    lines = [_ENTITIES, f"type Asked = {context_type(surface).cedar()};"]
    lines += [f'action "{name}";' for name in bare]
    lines += [_action(surface, action) for action in sorted(surface.actions)]
    return "\n".join(lines) + "\n"


def json_schema(surface: SurfaceDeclaration) -> JsonObject:
    """JSON Schema 2020-12 of the requests this surface accepts; the declaration has the last word."""
    parameters, context = surface.parameters.json_schema(), surface.context.json_schema()
    required = ["surface", "action", "actor", "idempotency_key"]
    required += [
        name
        for name, part in (("parameters", surface.parameters), ("context", surface.context))
        if _needed(part)
    ]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": surface.name,
        "type": "object",
        "properties": {
            "surface": {"const": surface.name},
            "action": {"enum": [*sorted(surface.actions)]},
            "actor": _actor_schema(),
            "target": _ref_schema(),
            "parameters": parameters,
            "context": context,
            "audience": {"const": surface.audience},
            "min_policy_version": {"type": "integer", "minimum": 0},
            "parent": {"type": "string"},
            "idempotency_key": {"type": "string", "minLength": 1, "maxLength": limits.KEY_CHARS_MAX},
        },
        "required": list(required),
        "additionalProperties": False,
    }


def _action(surface: SurfaceDeclaration, action: Action) -> str:
    parents = ", ".join(f'Action::"{group}"' for group in sorted(surface.action_groups.get(action, ())))
    within = f" in [{parents}]" if parents else ""
    applies = f"principal: [{', '.join(PRINCIPALS)}], resource: [Surface], context: Asked"
    return f'action "{action}"{within} appliesTo {{ {applies} }};'


def _needed(part: RecordType) -> bool:
    return any(not field.optional for field in part.fields)


def _actor_schema() -> JsonObject:
    return {
        "type": "object",
        "properties": {
            "type": {"enum": [name.lower() for name in PRINCIPALS]},
            "id": {"type": "string", "minLength": 1, "maxLength": limits.ID_CHARS_MAX},
            "attributes": {"type": "object"},
            "on_behalf_of": {"type": "array", "maxItems": limits.ON_BEHALF_OF_MAX, "items": _ref_schema()},
        },
        "required": ["type", "id"],
        "additionalProperties": False,
    }


def _ref_schema() -> JsonObject:
    return {
        "type": "object",
        "properties": {
            "type": {"type": "string", "pattern": f"^(?:{ids.ENTITY_TYPE.pattern})$"},
            "id": {"type": "string", "minLength": 1, "maxLength": limits.ID_CHARS_MAX},
        },
        "required": ["type", "id"],
        "additionalProperties": False,
    }
