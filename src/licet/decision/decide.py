"""Deciding: a request and what was seen in, a decision out (stop 4). Same inputs, same bytes, for years.

1. a freeze: ``frozen``, whatever the rules would say, and whether there are any;
2. no active bundle, or one older than the request demands: ``policy_unavailable``;
3. another condition of the host: its own reason;
4. the rest is the bundle's (``policy/evaluate.py``): surface, declaration, facts, engine, mapping,
   listed outcomes, observe mode.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from licet.decision.snapshot import Snapshot
from licet.policy.evaluate import evaluate, silence
from licet.protocol.types import Decision, ExecutionRequest, Reason

_HALTED: Final[Mapping[Reason, str]] = MappingProxyType(
    {
        Reason.STATE_UNAVAILABLE: "something the decision depends on is missing: a fact, or room on the disk",
        Reason.DEADLINE_EXCEEDED: "the deadline passed while deciding",
        Reason.POLICY_UNAVAILABLE: "the active bundle cannot be used",
        Reason.REQUEST_INVALID: "the permit would be too large for one header: send a smaller request",
    }
)


def decide(request: ExecutionRequest, seen: Snapshot) -> Decision:
    """The decision on ``request`` under ``seen``. Total: whatever goes wrong inside is SILENCE."""
    active = seen.active
    if seen.halt is Reason.FROZEN:  # 1
        text = f"the freeze `{seen.freeze}` stops this: nothing is permitted until it is lifted"
        return silence(seen.halt, text, None if active is None else active.ref())
    if active is None:  # 2
        return silence(Reason.POLICY_UNAVAILABLE, "no bundle is active", None)
    ref = active.ref()
    if request.min_policy_version is not None and active.version < request.min_policy_version:
        text = f"version {active.version} is active, the request demands {request.min_policy_version}"
        return silence(Reason.POLICY_UNAVAILABLE, text, ref)
    if seen.halt is not None:  # 3
        return silence(seen.halt, _HALTED[seen.halt], ref)
    return evaluate(active.compiled, request, seen.facts, ref).decision  # 4
