"""`licet freeze` and `licet unfreeze`: stop now, and go on. Each is one leaf of the log."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

import click

from licet.cli.answers import count_of, objects_of, text_of
from licet.cli.connection import Line, connected
from licet.cli.exits import Exit
from licet.cli.options import Reach, Verb, reaching, talk_of
from licet.cli.receipt_read import moment, named, quoted
from licet.cli.talk import Talk, bad, good, quiet
from licet.errors import Usage
from licet.protocol.canonical import canonical_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from licet.protocol.types import JsonObject, JsonValue

PAGE = 200


@click.command(
    "freeze",
    cls=Verb,
    short_help="Stop an actor, a surface, a tenant or everything, now.",
    examples=(
        'licet freeze --actor agent/finance-bot --reason "odd payees since nine"',
        'licet freeze --surface payments.transfer --reason "bank file rejected"',
        'licet freeze --all --reason "keys may be out"',
        "licet freeze --list",
    ),
)
@click.option("--actor", metavar="TYPE/ID", help="What this actor asks for.")
@click.option("--surface", metavar="NAME", help="Everything on this surface.")
@click.option("--tenant", is_flag=True, help="Everything of the caller's tenant.")
@click.option("--all", "everything", is_flag=True, help="Everything of this log.")
@click.option("--reason", metavar="TEXT", help="Why; it stands in the receipt.")
@click.option("--list", "listing", is_flag=True, help="Show what is frozen; freeze nothing.")
@reaching
@click.pass_context
def freeze(
    ctx: click.Context,
    *,
    actor: str | None,
    surface: str | None,
    tenant: bool,
    everything: bool,
    reason: str | None,
    listing: bool,
    reach: Reach,
) -> int:
    """Stop what an actor asks for, a surface, the tenant, or everything.

    Once this has answered, every decision in its reach is SILENCE `frozen`, whatever the rules say, and no
    permit in its reach can be claimed any more. What was claimed before may still complete. The same again
    gives the freeze that stands.
    """
    talk = talk_of(ctx)
    scope = _scope(actor, surface, tenant=tenant, everything=everything)
    if listing:
        if scope or reason is not None:
            raise Usage("`--list` freezes nothing", mend="licet freeze --list")
        with connected(reach, talk.environment) as line:
            return _list(talk, line)
    if len(scope) != 1:
        told = "nothing is named" if not scope else f"{len(scope)} things are named"
        raise Usage(told, mend="give one of --actor, --surface, --tenant and --all, or --list")
    body = canonical_bytes({"scope": scope, "reason": demand_reason(reason)})
    with connected(reach, talk.environment) as line:
        answer = line.post("/v1/freezes", body)
    if talk.json:
        talk.data({"schema": "licet/freeze/v1", **answer})
        return Exit.DONE
    talk.out(bad("frozen"), f"  {named(scope)}")
    talk.out(f"  id        {text_of(answer, 'receipt_id')}, index {count_of(answer, 'index')}")
    talk.say(f"  it stands until: licet unfreeze {text_of(answer, 'receipt_id')} --reason TEXT")
    return Exit.DONE


@click.command(
    "unfreeze",
    cls=Verb,
    short_help="Lift a freeze.",
    examples=('licet unfreeze 01930c5a-... --reason "payees confirmed by phone"',),
)
@click.argument("freeze_id", metavar="ID")
@click.option("--reason", metavar="TEXT", help="Why; it stands in the receipt.")
@reaching
@click.pass_context
def unfreeze(ctx: click.Context, *, freeze_id: str, reason: str | None, reach: Reach) -> int:
    """Lift the freeze ID, as `licet freeze` gave it and `licet freeze --list` shows it.

    Requests answered `frozen` stay so: ask again with a new idempotency key. Permits that have not expired
    meanwhile can be claimed.
    """
    talk = talk_of(ctx)
    body = canonical_bytes({"reason": demand_reason(reason)})
    with connected(reach, talk.environment) as line:
        answer = line.post(f"/v1/freezes/{quoted(freeze_id)}/lift", body)
    if talk.json:
        talk.data({"schema": "licet/freeze/v1", **answer})
        return Exit.DONE
    talk.out(good("lifted"), f"  {freeze_id}")
    talk.out(f"  receipt   {text_of(answer, 'receipt_id')}, index {count_of(answer, 'index')}")
    return Exit.DONE


def demand_reason(reason: str | None) -> str:
    """The reason, which everybody reads who asks later why something stood still.

    Raises:
        Usage: there is none.
    """
    if not reason:
        raise Usage("nobody says why", mend="add `--reason TEXT`; it stands in the receipt")
    return reason


def _scope(actor: str | None, surface: str | None, *, tenant: bool, everything: bool) -> JsonObject:
    scope: JsonObject = {}
    if actor is not None:
        kind, _, name = actor.partition("/")
        if not kind or not name:
            raise Usage(f"`{actor}` names no actor", mend="write TYPE/ID, such as agent/finance-bot")
        scope["actor"] = {"type": kind, "id": name}
    if surface is not None:
        scope["surface"] = surface
    if tenant:
        scope["tenant"] = True
    if everything:
        scope["all"] = True
    return scope


def _list(talk: Talk, line: Line) -> int:
    found = list(_pages(line))
    if talk.json:
        rows: list[JsonValue] = [*found]
        talk.data({"schema": "licet/freezes/v1", "freezes": rows})
        return Exit.DONE
    for row in found:
        by = row.get("by")
        who = f"{by.get('type')}/{by.get('id')}" if isinstance(by, dict) else "unknown"
        talk.out(f"{text_of(row, 'id')}  ", bad(named(row.get("scope"))), f"  {row.get('reason')}")
        talk.out(quiet(f"  set {moment(row.get('set'))} by {who}, index {count_of(row, 'index')}"))
    talk.say(f"{len(found)} stand" if found else "nothing is frozen")
    return Exit.DONE


def _pages(line: Line) -> Iterator[JsonObject]:
    before: JsonValue = None
    while True:
        query = {"limit": str(PAGE)} | ({} if before is None else {"before": str(before)})
        page = line.get(f"/v1/freezes?{urlencode(query)}")
        yield from objects_of(page, "freezes")
        before = page.get("next")
        if before is None:
            return
