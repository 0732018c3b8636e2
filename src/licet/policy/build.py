"""Building a bundle: every check, all findings at once, then the compiled value.

1. every file has a place in the layout; 2. ``bundle.toml``; 3. calendars; 4. surfaces; 5. entities;
6. policies are parsed; 7. policies are validated against every surface they can meet; 8. tests are read;
9. with any error the bundle is refused; 10. the engine compiles one slice per surface.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from types import MappingProxyType
from typing import Final

from licet.policy import limits
from licet.policy.bundle import Bundle
from licet.policy.calendars import Calendar, read_calendar
from licet.policy.cases import Case, read_cases
from licet.policy.compiled import CompiledBundle, CompiledSurface
from licet.policy.engine import EngineFailure, PolicyEngine, Slice
from licet.policy.entities import Graph, read_entities, surface_entities
from licet.policy.findings import Findings, Place
from licet.policy.head import HEAD_FILE, head_of
from licet.policy.language import Policy, read_policies
from licet.policy.lint import check_policies, check_surfaces
from licet.policy.reference import ReferenceEngine
from licet.policy.schema_gen import cedar_schema
from licet.policy.scope import meets
from licet.policy.surface import SurfaceDeclaration, read_surface
from licet.policy.toml_source import TomlSource, did_you_mean, read_toml
from licet.protocol.types import Surface

_LAYOUT: Final = (
    ("head", re.compile(r"bundle\.toml")),
    ("surfaces", re.compile(r"surfaces/[^/]+\.toml")),
    ("policies", re.compile(r"policies/.+\.cedar")),
    ("entities", re.compile(r"entities/[^/]+\.json")),
    ("calendars", re.compile(r"calendars/[^/]+\.toml")),
    ("tests", re.compile(r"tests/[^/]+\.toml")),
)
_PLACES: Final = (
    "bundle.toml",
    "surfaces/*.toml",
    "policies/**/*.cedar",
    "entities/*.json",
    "calendars/*.toml",
    "tests/*.toml",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parts:
    """What the files of a bundle say, before they are held against each other."""

    surfaces: Mapping[Surface, SurfaceDeclaration]
    calendars: Mapping[str, Calendar]
    graph: Graph
    policies: tuple[Policy, ...]
    cases: tuple[Case, ...]


def build_bundle(bundle: Bundle, engine: PolicyEngine | None = None) -> CompiledBundle:
    """The compiled ``bundle``; its tests are read here and run by ``testing.run``.

    Raises:
        PolicyInvalid: with every finding; ``findings`` are ``policy.findings.Finding``.
    """
    findings = Findings()
    folders = _sort_files(bundle.files, findings)  # 1
    head = head_of(folders["head"].get(HEAD_FILE), findings)  # 2
    parts = _read_parts(folders, findings)
    schemas = _schemas(parts.surfaces)
    if not findings.failed_in("surfaces/", "calendars/", "entities/"):
        # 7: against declarations that are themselves in doubt, every message would mislead.
        check_policies(parts.policies, parts.surfaces, schemas, parts.graph, findings)
        tested = frozenset(case.request.surface for case in parts.cases)
        check_surfaces(parts.surfaces, parts.policies, tested, findings)
    findings.refuse()  # 9
    surfaces = {name: _compiled_surface(surface, parts) for name, surface in parts.surfaces.items()}
    chosen: PolicyEngine = ReferenceEngine() if engine is None else engine
    slices = [
        Slice(
            surface=name,
            policies=tuple(one.policies.values()),
            schema=schemas[name],
            entities=surface_entities(one.declaration, parts.graph),
        )
        for name, one in surfaces.items()
    ]
    try:
        evaluator = chosen.compile(slices)  # 10
    except EngineFailure as failure:
        findings.error(
            "POL099", Place(file="bundle.toml"), str(failure), "report it: licet should have found it"
        )
        raise findings.refusal() from failure
    return CompiledBundle(
        bundle=bundle,
        head=head,
        surfaces=MappingProxyType(surfaces),
        policies=MappingProxyType({policy.id: policy for policy in parts.policies}),
        cases=parts.cases,
        warnings=findings.all(),
        engine=evaluator,
        evaluator=chosen.evaluator,
        reference=chosen.reference,
    )


def _sort_files(files: Mapping[str, bytes], findings: Findings) -> dict[str, dict[str, bytes]]:
    folders: dict[str, dict[str, bytes]] = {folder: {} for folder, _ in _LAYOUT}
    for path, content in files.items():
        folder = next((name for name, shape in _LAYOUT if shape.fullmatch(path)), None)
        if folder is None:
            # An ignored file could be a rule in a misspelt folder.
            near = get_close_matches(path.split("/")[0], folders, 1)
            mend = f"did you mean `{near[0]}/`?" if near else f"a bundle holds {', '.join(_PLACES)}"
            findings.error("POL020", Place(file=path), f"the file `{path}` has no place in a bundle", mend)
        else:
            folders[folder][path] = content
    return folders


def _toml(files: Mapping[str, bytes], findings: Findings) -> dict[str, TomlSource]:
    sources = {path: read_toml(path, content, findings) for path, content in files.items()}
    return {path: source for path, source in sources.items() if source is not None}


def _read_parts(folders: Mapping[str, Mapping[str, bytes]], findings: Findings) -> _Parts:
    calendars = _calendars(_toml(folders["calendars"], findings), findings)  # 3
    surfaces = _surfaces(_toml(folders["surfaces"], findings), calendars, findings)  # 4
    graph = read_entities(folders["entities"], findings)  # 5
    policies = read_policies(folders["policies"], findings)  # 6
    sources = _toml(folders["tests"], findings).values()
    cases = tuple(case for source in sources for case in read_cases(source, findings))  # 8
    if len(cases) > limits.CASES_MAX:
        findings.error("POL020", cases[-1].place, f"{len(cases)} cases", f"keep it to {limits.CASES_MAX}")
    return _Parts(surfaces=surfaces, calendars=calendars, graph=graph, policies=policies, cases=cases)


def _calendars(sources: Mapping[str, TomlSource], findings: Findings) -> dict[str, Calendar]:
    found: dict[str, Calendar] = {}
    for source in sources.values():
        calendar = read_calendar(source, findings)
        if calendar.name in found:
            place = source.place(("calendar", "name"))
            findings.error("POL026", place, f"two calendars are named `{calendar.name}`", "rename one")
        found.setdefault(calendar.name, calendar)
    return found


def _surfaces(
    sources: Mapping[str, TomlSource], calendars: Mapping[str, Calendar], findings: Findings
) -> dict[Surface, SurfaceDeclaration]:
    found: dict[Surface, SurfaceDeclaration] = {}
    for source in sources.values():
        surface = read_surface(source, findings)
        if surface is None:
            continue
        if surface.name in found:
            findings.error("POL026", surface.place, f"two surfaces are named `{surface.name}`", "rename one")
        for fact in surface.facts:
            if fact.calendar is not None and fact.calendar not in calendars:
                place = source.place(("facts", fact.name, "calendar"))
                mend = did_you_mean(fact.calendar, sorted(calendars), "write calendars/*.toml")
                findings.error("POL024", place, f"no calendar is named `{fact.calendar}`", mend)
        found.setdefault(surface.name, surface)
    if len(found) > limits.SURFACES_MAX:
        place = Place(file="bundle.toml")
        findings.error("POL020", place, f"{len(found)} surfaces", f"keep it to {limits.SURFACES_MAX}")
    return {name: found[name] for name in sorted(found)}


def _schemas(surfaces: Mapping[Surface, SurfaceDeclaration]) -> dict[Surface, str]:
    everywhere: set[str] = set()
    for surface in surfaces.values():
        everywhere.update(surface.actions)
        everywhere.update(group for names in surface.action_groups.values() for group in names)
    return {name: cedar_schema(surface, everywhere) for name, surface in surfaces.items()}


def _compiled_surface(surface: SurfaceDeclaration, parts: _Parts) -> CompiledSurface:
    names = {fact.calendar for fact in surface.facts}
    policies = {policy.id: policy for policy in parts.policies if meets(policy, surface)}
    calendars = {name: calendar for name, calendar in parts.calendars.items() if name in names}
    return CompiledSurface(
        declaration=surface,
        policies=MappingProxyType(policies),
        calendars=MappingProxyType(calendars),
    )
