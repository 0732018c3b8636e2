"""The static org graph of a bundle: Cedar entity JSON, read strictly, and the entities of a surface.

The engine says only "error during entity deserialization", so types, parents and attributes are checked
here first, with a place.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from licet.errors import Malformed, TooLarge
from licet.policy import limits
from licet.policy.findings import Findings, Place
from licet.policy.schema_gen import PRINCIPALS
from licet.policy.surface import SurfaceDeclaration
from licet.protocol.shape import Members, entity_ref, refuse
from licet.protocol.strict import read_strict
from licet.protocol.types import EntityRef, JsonObject, JsonValue

_PARENTS: Final[Mapping[str, tuple[str, ...]]] = {
    **dict.fromkeys(PRINCIPALS, ("Team", "Role")),
    "Team": ("Team",),
    "Role": (),
    "Environment": (),
    "SurfaceGroup": (),
}
_PARENTS_EACH_MAX: Final = 1_000
_MEMBERS_MAX: Final = 2_000_000

Graph = Mapping[EntityRef, tuple[EntityRef, ...]]
"""Entity to its parents."""


def read_entities(files: Mapping[str, bytes], findings: Findings) -> Graph:
    """The graph in ``files`` (path to JSON); faults become findings."""
    graph: dict[EntityRef, tuple[EntityRef, ...]] = {}
    for file, content in files.items():
        try:
            _read_file(content, graph)
        except (Malformed, TooLarge) as fault:
            message = f"{fault.pointer or 'the document'}: {fault.message}"
            findings.error("POL027", Place(file=file), message, fault.mend)
    cycle = _cycle(graph)
    if cycle is not None:
        place = Place(file=next(iter(files)))
        findings.error(
            "POL027", place, f"`{cycle.id}` is above itself", "take one membership out of the circle"
        )
    elif _too_many_memberships(graph):
        place = Place(file=next(iter(files)))
        message = f"more than {limits.MEMBERSHIPS_MAX} memberships, counted at any distance"
        findings.error("POL027", place, message, "nest fewer teams, or put fewer entities into nested ones")
    return graph


def surface_entities(surface: SurfaceDeclaration, graph: Graph) -> list[JsonValue]:
    """Cedar's JSON of ``graph`` and of the surface with its groups and environment."""
    above = [EntityRef(type="SurfaceGroup", id=group) for group in surface.groups]
    if surface.environment is not None:
        above.append(EntityRef(type="Environment", id=surface.environment))
    whole: dict[EntityRef, tuple[EntityRef, ...]] = dict.fromkeys(above, ())
    whole |= dict(graph)
    whole[EntityRef(type="Surface", id=surface.name)] = tuple(above)
    return [
        {"uid": ref.document(), "attrs": {}, "parents": [parent.document() for parent in parents]}
        for ref, parents in sorted(whole.items(), key=lambda row: (row[0].type, row[0].id))
    ]


def groups_of(graph: Graph) -> frozenset[EntityRef]:
    """Every team, role, environment and group the graph knows, named as an entity or as a parent."""
    named = set(graph) | {parent for parents in graph.values() for parent in parents}
    return frozenset(ref for ref in named if ref.type not in PRINCIPALS)


def _read_file(content: bytes, graph: dict[EntityRef, tuple[EntityRef, ...]]) -> None:
    document = read_strict(content, bytes_max=limits.FILE_BYTES_MAX, members_max=_MEMBERS_MAX)
    if not isinstance(document, list):
        refuse("", "the document is not an array", "write [ {...}, {...} ]")
    for position, item in enumerate(document):
        ref, parents = _entity(item, f"/{position}")
        if ref in graph:
            refuse(f"/{position}/uid", f"`{ref.type}` `{ref.id}` stands twice", "join both into one entity")
        graph[ref] = parents
        if len(graph) > limits.ENTITIES_MAX:
            refuse(f"/{position}", "too many entities", f"keep it to {limits.ENTITIES_MAX}")


def _entity(item: JsonValue, pointer: str) -> tuple[EntityRef, tuple[EntityRef, ...]]:
    members = Members(item, pointer)
    ref = entity_ref(members.members("uid"))
    if ref.type not in _PARENTS:
        known = ", ".join(_PARENTS)
        refuse(f"{pointer}/uid/type", f"`{ref.type}` cannot stand in entities/", f"write one of {known}")
    attributes: JsonObject = members.objects("attrs") if members.has("attrs") else {}
    if attributes:
        refuse(f"{pointer}/attrs", "entities have no attributes here", "declare a field or a fact instead")
    parents: list[EntityRef] = []
    for position, parent in enumerate(members.array("parents", items_max=_PARENTS_EACH_MAX)):
        place = f"{pointer}/parents/{position}"
        above = entity_ref(Members(parent, place))
        if above.type not in _PARENTS[ref.type]:
            allowed = ", ".join(_PARENTS[ref.type]) or "nothing"
            refuse(place, f"a `{ref.type}` cannot be in a `{above.type}`", f"it can be in {allowed}")
        parents.append(above)
    members.end()
    return ref, tuple(sorted(set(parents), key=lambda one: (one.type, one.id)))


def _cycle(graph: Graph) -> EntityRef | None:
    """An entity that is above itself, if any; teams alone can nest."""
    done: set[EntityRef] = set()
    for start in graph:
        path: dict[EntityRef, None] = {}
        stack: list[tuple[EntityRef, bool]] = [(start, False)]
        while stack:
            ref, leaving = stack.pop()
            if leaving:
                del path[ref]
                done.add(ref)
            elif ref in path:
                return ref
            elif ref not in done:
                path[ref] = None
                stack.append((ref, True))
                stack.extend((parent, False) for parent in graph.get(ref, ()))
    return None


def _too_many_memberships(graph: Graph) -> bool:
    """Whether the engine would walk too many pairs; the graph has no circle.

    Attack: a chain of some thousand teams, of which the engine makes some million pairs, for each surface,
    while nothing else in the process runs.
    """
    above: dict[EntityRef, frozenset[EntityRef]] = {}
    count = 0
    for start in graph:
        stack = [start]
        while stack:
            ref = stack[-1]
            missing = [parent for parent in graph.get(ref, ()) if parent not in above]
            if missing:
                stack += missing
                continue
            stack.pop()
            if ref not in above:
                parents = graph.get(ref, ())
                above[ref] = frozenset(parents).union(*(above[parent] for parent in parents))
                count += len(above[ref])
                if count > limits.MEMBERSHIPS_MAX:
                    return True
    return False
