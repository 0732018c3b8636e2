"""Freezing, lifting and revoking in a ``World``, in one line each."""

from __future__ import annotations

from licet.authority.callers import OWNER
from licet.protocol import fast
from licet.protocol.parse import parse_freeze_ask

ALL = {"all": True}
TENANT = {"tenant": True}
SURFACE = {"surface": "payments.transfer"}
ACTOR = {"actor": {"type": "agent", "id": "finance-bot"}}
SCOPES = {"all": ALL, "tenant": TENANT, "surface": SURFACE, "actor": ACTOR}
"""Each of them covers `payment()`."""


def freeze_job(world, scope, *, reason="a test", caller=OWNER):
    """The job that stops ``scope``."""
    ask = parse_freeze_ask(fast.canonical({"scope": scope, "reason": reason}))
    return world.authority.freeze(ask, caller)


def freeze(world, scope, **more):
    """Stop ``scope``, and wait for the commit."""
    return world.settle(freeze_job(world, scope, **more))


def lift(world, freeze_id, *, reason="it was a test", caller=OWNER):
    """Lift a freeze, and wait for the commit."""
    return world.settle(world.authority.lift(freeze_id, reason, caller))


def revoke(world, receipt_id, *, reason="wrong payee", caller=OWNER):
    """Take a permit back, and wait for the commit."""
    return world.settle(world.authority.revoke(receipt_id, reason, caller))
