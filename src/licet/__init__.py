"""licet: no permit, no execution.

The names below come with their first use (PEP 562), so that ``import licet`` costs nothing to a program
that may never ask.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from licet.gate.core import Gate
    from licet.gate.decision import Decision, Permit
    from licet.gate.errors import (
        ApprovalRequired,
        Denied,
        GateUnavailable,
        NoPermit,
        NotPermitted,
        PermitRefused,
    )
    from licet.protocol.types import Outcome

__version__ = "0.1.0"

__all__ = [
    "ApprovalRequired",
    "Decision",
    "Denied",
    "Gate",
    "GateUnavailable",
    "NoPermit",
    "NotPermitted",
    "Outcome",
    "Permit",
    "PermitRefused",
]

_HOMES: Final = {
    "ApprovalRequired": "licet.gate.errors",
    "Decision": "licet.gate.decision",
    "Denied": "licet.gate.errors",
    "Gate": "licet.gate.core",
    "GateUnavailable": "licet.gate.errors",
    "NoPermit": "licet.gate.errors",
    "NotPermitted": "licet.gate.errors",
    "Outcome": "licet.protocol.types",
    "Permit": "licet.gate.decision",
    "PermitRefused": "licet.gate.errors",
}


def __getattr__(name: str) -> object:
    """The public name, imported now.

    Raises:
        AttributeError: no such name.
    """
    home = _HOMES.get(name)
    if home is None:
        message = f"module `licet` has no attribute `{name}`"
        raise AttributeError(message)
    value: object = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """What there is, imported or not."""
    return sorted({*globals(), *__all__})
