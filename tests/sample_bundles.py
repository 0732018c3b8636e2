"""Bundles for tests: the starter as files, and a small one that a test changes in one place."""

from __future__ import annotations

from pathlib import Path

from licet.policy.build import build_bundle
from licet.policy.bundle import Bundle
from licet.policy.compiled import CompiledBundle
from licet.protocol.canonical import canonical_bytes
from licet.protocol.parse import parse_request
from licet.protocol.types import ExecutionRequest, JsonObject

STARTER = Path(__file__).resolve().parent.parent / "src/licet/policy/starter/payments"
NOW_MS = 1_795_424_400_000
"""2026-11-23T09:00:00Z, a Monday."""

HEAD = b'name = "small"\nversion = "1"\nlanguage = "cedar/4.5"\n'
SURFACE = """\
[surface]
name = "door.open"
actions = ["open"]
audience = "door-executor"

[parameters]
count = { type = "int", min = 1, max = 100 }
label = { type = "string", max_length = 8, optional = true }

[context]
ticket = { type = "string", optional = true }
"""
PERMIT = """\
@id("open-few")
@reason("A few may be opened")
permit (principal is Agent, action == Action::"open", resource == Surface::"door.open")
when { context.parameters.count <= 10 };
"""
FORBID = """\
@id("open-many")
@reason("Nobody opens many")
forbid (principal, action == Action::"open", resource == Surface::"door.open")
when { context.parameters.count > 50 };
"""
CASE = """\
[[case]]
name = "five"
request = {surface = "door.open", action = "open", actor = {type="agent", id="a"}, parameters = {count = 5}}
facts = { now = "2026-11-23T09:00:00Z" }
expect = { outcome = "PERMIT" }
"""


def starter_files() -> dict[str, bytes]:
    """The payments starter, as `licet init` copies it."""
    found = sorted(path for path in STARTER.rglob("*") if path.is_file())
    return {path.relative_to(STARTER).as_posix(): path.read_bytes() for path in found}


def small_files(
    *,
    policies: str = PERMIT + FORBID,
    surface: str = SURFACE,
    tests: str = CASE,
    more: dict[str, bytes] | None = None,
) -> dict[str, bytes]:
    """A bundle of one surface, one permit and one forbid, with what the test changes."""
    return {
        "bundle.toml": HEAD,
        "surfaces/door.toml": surface.encode(),
        "policies/door.cedar": policies.encode(),
        "tests/door.toml": tests.encode(),
        **(more or {}),
    }


def compiled(files: dict[str, bytes]) -> CompiledBundle:
    """The compiled bundle of ``files``."""
    return build_bundle(Bundle.from_files(files))


def small(policies: str = PERMIT + FORBID, surface: str = SURFACE) -> CompiledBundle:
    """The small bundle, compiled."""
    return compiled(small_files(policies=policies, surface=surface))


def door_request(count: object = 5, **members: object) -> ExecutionRequest:
    """A request at the small bundle's door; ``members`` replace or add, None takes one away."""
    document: dict[str, object] = {
        "surface": "door.open",
        "action": "open",
        "actor": {"type": "agent", "id": "bot"},
        "parameters": {"count": count},
        "idempotency_key": "k-1",
        **members,
    }
    return asked({name: value for name, value in document.items() if value is not None})


def payment(amount_minor: int, **members: object) -> ExecutionRequest:
    """A payment in USD to acme by the finance agent."""
    document: dict[str, object] = {
        "surface": "payments.transfer",
        "action": "transfer",
        "actor": {"type": "agent", "id": "finance-bot"},
        "parameters": {"amount_minor": amount_minor, "currency": "USD", "payee": "acme"},
        "idempotency_key": "k-1",
        **members,
    }
    return asked(document)


def asked(document: dict[str, object]) -> ExecutionRequest:
    """The request in ``document``, through the one parser."""
    wire: JsonObject = document  # type: ignore[assignment]  # tests may write what the wire has not
    return parse_request(canonical_bytes(wire))
