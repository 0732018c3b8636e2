"""JSON Schemas of what callers send, made from the grammars and limits that the reader itself uses.

A schema cannot say everything: size in bytes, depth, members in all, and that no name stands twice are
left to the reader (`reference/limits.md`). `tests/test_schemas.py` holds reader and schema together.
"""

from __future__ import annotations

import re
from typing import Final

from licet.protocol import ids, limits
from licet.protocol.types import CompletionStatus, JsonObject, JsonValue

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
# `$` also matches before a last newline in some languages; "no character follows" means the same in all.
END: Final = r"(?![\s\S])"
DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")


def text(grammar: re.Pattern[str] | None, chars_max: int) -> JsonObject:
    """A string of 1 to ``chars_max`` characters that matches in full."""
    rule: JsonObject = {"type": "string", "minLength": 1, "maxLength": chars_max}
    if grammar is not None:
        rule["pattern"] = f"^(?:{grammar.pattern}){END}"
    return rule


def closed(required: list[str], properties: dict[str, JsonObject]) -> JsonObject:
    """An object that knows its members: anything else is refused."""
    names: list[JsonValue] = [*required]
    members: JsonObject = {**properties}
    return {"type": "object", "required": names, "additionalProperties": False, "properties": members}


FREE: Final[JsonObject] = {"type": "object", "additionalProperties": {"$ref": "#/$defs/value"}}
ENTITY: Final = closed(
    ["type", "id"],
    {
        "type": text(ids.ENTITY_TYPE, limits.TYPE_CHARS_MAX),
        "id": text(ids.ENTITY_ID, limits.ID_CHARS_MAX),
    },
)
ACTOR: Final = closed(
    ["type", "id"],
    {
        "type": text(ids.ENTITY_TYPE, limits.TYPE_CHARS_MAX),
        "id": text(ids.ENTITY_ID, limits.ID_CHARS_MAX),
        "attributes": FREE,
        "on_behalf_of": {"type": "array", "maxItems": limits.ON_BEHALF_OF_MAX, "items": ENTITY},
    },
)
VALUE: Final[JsonObject] = {
    "description": "the JSON profile: no float, no integer beyond +-(2^53-1)",
    "anyOf": [
        {"type": ["string", "boolean", "null"]},
        {"type": "integer", "minimum": -limits.INT_MAX, "maximum": limits.INT_MAX},
        {"type": "array", "items": {"$ref": "#/$defs/value"}},
        {"type": "object", "additionalProperties": {"$ref": "#/$defs/value"}},
    ],
}
EFFECT: Final[dict[str, JsonObject]] = {
    "surface": text(ids.SURFACE, limits.SURFACE_CHARS_MAX),
    "action": text(ids.ACTION, limits.ACTION_CHARS_MAX),
    "target": ENTITY,
    "parameters": FREE,
}
REQUEST: Final[dict[str, JsonObject]] = EFFECT | {
    "actor": ACTOR,
    "context": FREE,
    "audience": text(ids.AUDIENCE, limits.AUDIENCE_CHARS_MAX),
    "min_policy_version": {"type": "integer", "minimum": 0, "maximum": limits.INT_MAX},
    "parent": text(ids.RECEIPT_ID, 36),
    "idempotency_key": text(ids.IDEMPOTENCY_KEY, limits.KEY_CHARS_MAX),
}
CLAIM_ID: Final = text(ids.IDEMPOTENCY_KEY, limits.CLAIM_ID_CHARS_MAX)
REQUIRED: Final = ["surface", "action", "actor", "idempotency_key"]


def schemas() -> dict[str, JsonObject]:
    """File name to schema."""
    return {
        "execution-request.schema.json": document("An execution request", closed(REQUIRED, REQUEST)),
        "decision-ask.schema.json": document(
            "The body of POST /v1/decisions: a request, and claim_id when the door executes itself",
            closed(REQUIRED, REQUEST | {"claim_id": CLAIM_ID}),
        ),
        "effect.schema.json": document(
            "What would change the world: the members that effect_digest covers",
            closed(["surface", "action"], EFFECT),
        ),
        "claim-ask.schema.json": document(
            "The body of POST /v1/permits/claim",
            closed(
                ["permit", "effect"],
                {
                    "permit": text(None, limits.JWS_BYTES_MAX),
                    "effect": closed(["surface", "action"], EFFECT),
                    "claim_id": CLAIM_ID,
                },
            ),
        ),
        "completion-ask.schema.json": document(
            "The body of POST /v1/permits/complete",
            closed(
                ["receipt_id", "status"],
                {
                    "receipt_id": text(ids.RECEIPT_ID, 36),
                    "status": {"enum": [str(status) for status in CompletionStatus]},
                    "result_digest": text(DIGEST, 71),
                    "actual": FREE,
                    "statement": text(None, limits.JWS_BYTES_MAX),
                },
            ),
        ),
    }


def document(title: str, schema: JsonObject) -> JsonObject:
    """A whole schema document; ``$defs`` only where something refers to it."""
    whole: JsonObject = {"$schema": DIALECT, "title": title, **schema}
    if "#/$defs/value" in repr(schema):
        whole["$defs"] = {"value": VALUE}
    return whole
