"""A request against its surface's declaration: Cedar's JSON, or which member is wrong and its mend.

Nothing is filled in, converted or dropped: an undeclared member or null is refused, so the rules see
exactly what the executor will be handed (``policy.md`` 2, ``protocol.md`` 2).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from licet.errors import Malformed
from licet.policy.schema_gen import PRINCIPALS
from licet.policy.surface import SurfaceDeclaration
from licet.protocol.shape import refuse
from licet.protocol.types import EntityRef, ExecutionRequest, JsonObject

PRINCIPAL_OF_ACTOR: Final = {name.lower(): name for name in PRINCIPALS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """The first member that breaks the declaration: its JSON pointer, what is wrong, and the mend."""

    pointer: str
    message: str
    mend: str

    def text(self) -> str:
        """One line for people."""
        return f"{self.pointer}: {self.message} (mend: {self.mend})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting:
    """A request that meets its declaration, in Cedar's terms; ``facts`` join ``context`` later."""

    principal: EntityRef
    parameters: JsonObject
    request: JsonObject


def meet(surface: SurfaceDeclaration, request: ExecutionRequest) -> Meeting | Problem:
    """What Cedar is given for ``request``, or why the declaration is not met.

    1. the action is declared; 2. the actor's type is known; 3. the audience is the surface's own;
    4. parameters; 5. context.
    """
    try:
        return _meet(surface, request)
    except Malformed as fault:
        return Problem(pointer=fault.pointer or "", message=fault.message, mend=fault.mend)


def _meet(surface: SurfaceDeclaration, request: ExecutionRequest) -> Meeting:
    if request.action not in surface.actions:  # 1
        declared = ", ".join(sorted(surface.actions))
        refuse("/action", f"`{request.action}` is no action of `{surface.name}`", f"send one of {declared}")
    principal = PRINCIPAL_OF_ACTOR.get(request.actor.type)  # 2
    if principal is None:
        known = ", ".join(PRINCIPAL_OF_ACTOR)
        refuse("/actor/type", f"`{request.actor.type}` is no type of actor", f"send one of {known}")
    if request.audience is not None and request.audience != surface.audience:  # 3
        refuse(
            "/audience",
            f"`{request.audience}` is not the audience of `{surface.name}`",
            f"send `{surface.audience}` or leave it out",
        )
    parameters = surface.parameters.convert(request.parameters or {}, "/parameters")  # 4
    claims = surface.context.convert(request.context or {}, "/context")  # 5
    if request.target is not None:
        claims["target"] = {"id": request.target.id, "type": request.target.type}
    return Meeting(
        principal=EntityRef(type=principal, id=request.actor.id), parameters=parameters, request=claims
    )
