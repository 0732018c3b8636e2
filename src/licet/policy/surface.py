"""A surface declaration: the single source of what may be asked at one door (``policy.md`` 2).

A setting whose meaning this version does not implement yet is refused with a mend, never ignored:
a budget that nobody counts or a witness that nobody awaits would open the door wider than its author
wrote it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

from licet.policy import limits
from licet.policy.calendars import CALENDAR_NAME
from licet.policy.fields import FIELD_NAME, read_fields
from licet.policy.findings import Findings, Place
from licet.policy.providers import PROVIDERS, PROVIDERS_LATER, RESERVED_FACTS, FactDeclaration
from licet.policy.toml_source import Keys, TomlSource
from licet.policy.types import RecordType
from licet.protocol import ids
from licet.protocol.limits import (
    ACTION_CHARS_MAX,
    AUDIENCE_CHARS_MAX,
    PERMIT_TTL_S_DEFAULT,
    PERMIT_TTL_S_MAX,
    SURFACE_CHARS_MAX,
)
from licet.protocol.types import Action, Audience, Outcome, Surface

Mode = Literal["enforce", "observe"]
Risk = Literal["low", "medium", "high"]
ClaimedBy = Literal["executor", "door"]

RESERVED_SURFACES: Final = frozenset({"licet.drill"})
GROUP = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}")

_LATER: Final[Mapping[str, tuple[str, str, str]]] = MappingProxyType(
    {
        # key: (value whose meaning is missing, what is missing, the value to write)
        "spend": ("executor", "an executor's own spend store", "claim"),
        "witness": ("required", "the release of permits by witness quorum", "none"),
        "explain": ("full", "the search for the nearest permit", "reason"),
        "risk": ("irreversible", "the second evaluator that it demands", "high"),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SurfaceDeclaration:
    """One door: what may be asked there, what the host attests, and what a permit is worth.

    ``outcomes`` always holds SILENCE. Times are whole seconds or days as their names say.
    """

    place: Place
    name: Surface
    actions: tuple[Action, ...]
    audience: Audience
    groups: tuple[str, ...]
    environment: str | None
    action_groups: Mapping[Action, tuple[str, ...]]
    risk: Risk
    mode: Mode
    outcomes: frozenset[Outcome]
    permit_ttl_s: int
    claimed_by: ClaimedBy
    completion_deadline_s: int
    approval_ttl_s: int
    replay_limit: int
    retention_days: int
    parameters: RecordType
    context: RecordType
    facts: tuple[FactDeclaration, ...]


def read_surface(source: TomlSource, findings: Findings) -> SurfaceDeclaration | None:
    """The declaration in ``source``; None when it has no ``[surface]``. Faults become findings."""
    keys = Keys(source, (), source.document, findings)
    head = keys.table("surface")
    if head is None:
        keys.fault(
            None,
            "the table `surface` is missing",
            "write [surface] with name, actions and audience",
            code="POL023",
        )
        return None
    declared = _read_head(head, keys)
    head.end()
    keys.end()
    return declared


def _read_head(head: Keys, keys: Keys) -> SurfaceDeclaration:
    name = head.text("name", chars_max=SURFACE_CHARS_MAX, grammar=ids.SURFACE)
    if name in RESERVED_SURFACES:
        head.fault("name", f"the surface `{name}` is reserved for drills", "choose another name")
    listed = head.has("actions")
    actions = tuple(
        Action(text)
        for text in head.strings(
            "actions", items_max=limits.ACTIONS_MAX, chars_max=ACTION_CHARS_MAX, grammar=ids.ACTION
        )
    )
    if listed and not actions:
        head.fault("actions", "a surface without actions", 'write actions = ["..."]')
    audience = head.text("audience", chars_max=AUDIENCE_CHARS_MAX, grammar=ids.AUDIENCE)
    _read_later(head)
    _read_budgets(keys)
    return SurfaceDeclaration(
        place=head.source.place((*head.path, "name")),
        name=Surface(name),
        actions=actions,
        audience=Audience(audience),
        groups=_groups(head, name),
        environment=_environment(head),
        action_groups=_action_groups(head, actions),
        risk=_risk(head),
        mode="observe" if head.choice("mode", ("enforce", "observe"), "enforce") == "observe" else "enforce",
        outcomes=_outcomes(head),
        permit_ttl_s=head.integer("permit_ttl_s", PERMIT_TTL_S_DEFAULT, low=1, high=PERMIT_TTL_S_MAX),
        claimed_by="door"
        if head.choice("claimed_by", ("executor", "door"), "executor") == "door"
        else "executor",
        completion_deadline_s=head.integer(
            "completion_deadline_s", 3600, low=1, high=limits.COMPLETION_DEADLINE_S_MAX
        ),
        approval_ttl_s=head.integer("approval_ttl_s", 86_400, low=1, high=limits.APPROVAL_TTL_S_MAX),
        replay_limit=head.integer("replay_limit", 0, low=0),
        retention_days=head.integer("retention_days", 2_555, low=1, high=limits.RETENTION_DAYS_MAX),
        parameters=RecordType(fields=read_fields(keys.table("parameters"))),
        context=RecordType(fields=read_fields(keys.table("context"), reserved=frozenset({"target"}))),
        facts=_facts(keys.table("facts")),
    )


def _read_later(head: Keys) -> None:
    """Take the keys of which this version knows one value only."""
    for key, (value, missing, instead) in _LATER.items():
        if key == "risk":
            continue  # it has more than two values, see `_risk`
        if head.choice(key, (instead, value), instead) == value:
            _later(head, key, f'`{key} = "{value}"` needs {missing}, which this version has not', instead)
    if head.flag("double_check", default=False):
        head.fault(
            "double_check",
            "`double_check` needs a second evaluator, which this version has not",
            "leave it out",
            code="POL025",
        )
    head.choice("on_failure", ("block",), "block")


def _risk(head: Keys) -> Risk:
    risk = head.choice("risk", ("low", "medium", "high", "irreversible"), "high")
    if risk == "irreversible":
        value, missing, instead = _LATER["risk"]
        _later(head, "risk", f'`risk = "{value}"` needs {missing}, which this version has not', instead)
    match risk:
        case "low" | "medium":
            return risk
        case _:
            return "high"


def _later(head: Keys, key: str, problem: str, instead: str) -> None:
    head.fault(key, problem, f'write {key} = "{instead}" or leave it out', code="POL025")


def _read_budgets(keys: Keys) -> None:
    """Refuse budgets: one that is not counted permits everything."""
    if keys.has("budget"):
        keys.value("budget")
        keys.fault(
            "budget",
            "budgets are not counted by this version",
            "leave [[budget]] out and cap single amounts with a forbid",
            code="POL025",
        )


def _groups(head: Keys, name: str) -> tuple[str, ...]:
    first = name.split(".", maxsplit=1)[0] or "surface"
    return head.strings(
        "groups", (first,), items_max=limits.GROUPS_MAX, chars_max=limits.NAME_CHARS_MAX, grammar=GROUP
    )


def _environment(head: Keys) -> str | None:
    if not head.has("environment"):
        return None
    return head.text("environment", chars_max=limits.NAME_CHARS_MAX, grammar=GROUP)


def _action_groups(head: Keys, actions: tuple[Action, ...]) -> Mapping[Action, tuple[str, ...]]:
    groups: dict[Action, tuple[str, ...]] = {}
    table = head.table("action_groups")
    if table is not None:
        for name in table.names():
            if name not in actions:
                table.fault(
                    name, f"`{name}` is not an action of this surface", f"known: {', '.join(actions)}"
                )
            groups[Action(name)] = table.strings(
                name, items_max=limits.GROUPS_MAX, chars_max=limits.NAME_CHARS_MAX, grammar=GROUP
            )
            for group in groups[Action(name)]:
                if group in actions:
                    table.fault(name, f"`{group}` is an action and a group", "give the group another name")
    return MappingProxyType(groups)


def _outcomes(head: Keys) -> frozenset[Outcome]:
    texts = head.strings("outcomes", tuple(Outcome), items_max=len(Outcome), chars_max=16)
    known = set(Outcome)
    for text in texts:
        if text not in known:
            head.fault("outcomes", f"`{text}` is not an outcome", f"write {', '.join(Outcome)}")
    if Outcome.SILENCE not in texts:
        head.fault("outcomes", "SILENCE is missing from `outcomes`", "add SILENCE: no rule can rule it out")
    return frozenset(Outcome(text) for text in texts if text in known) | {Outcome.SILENCE}


def _facts(table: Keys | None) -> tuple[FactDeclaration, ...]:
    if table is None:
        return ()
    names = table.names()
    if len(names) > limits.FACTS_MAX:
        table.fault(None, f"{len(names)} facts", f"keep it to {limits.FACTS_MAX}")
    facts = tuple(_fact(table, name) for name in names)
    return tuple(fact for fact in facts if fact is not None)


def _fact(table: Keys, name: str) -> FactDeclaration | None:
    if FIELD_NAME.fullmatch(name) is None or name in RESERVED_FACTS:
        table.fault(
            name, f"`{name}` cannot name a fact", f"match {FIELD_NAME.pattern}; `now` is always there"
        )
    keys = table.table(name)
    if keys is None:
        return None
    provider = keys.value("provider") if keys.has("provider") else None
    if provider not in PROVIDERS:
        later = provider in PROVIDERS_LATER
        problem = f"the provider `{provider}` is {'not in this version' if later else 'unknown'}"
        keys.fault(
            "provider", problem, f"write {' or '.join(PROVIDERS)}", code="POL025" if later else "POL024"
        )
        return None
    if keys.flag("private", default=False):
        mend = "leave `private` out: clock and calendar hold nothing private"
        keys.fault("private", "private facts are not in this version", mend, code="POL025")
    calendar = None
    if provider == "calendar":
        calendar = keys.text("calendar", chars_max=limits.NAME_CHARS_MAX, grammar=CALENDAR_NAME)
    keys.end()
    return FactDeclaration(
        name=name, provider="calendar" if provider == "calendar" else "clock", calendar=calendar
    )
