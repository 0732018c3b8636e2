"""`licet receipt show` and `licet receipt list`: what is on record."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

import click

from licet.cli.answers import count_of, objects_of, text_of
from licet.cli.authorize import painted
from licet.cli.connection import Line, connected
from licet.cli.exits import Exit
from licet.cli.options import Reach, Verb, reaching, talk_of
from licet.cli.talk import Talk, quiet
from licet.errors import LicetError
from licet.protocol.strict import read_strict
from licet.receipt.jws import split

if TYPE_CHECKING:
    from collections.abc import Iterator

    from licet.protocol.types import JsonObject, JsonValue

PAGE: Final = 200


@click.command(
    "show",
    cls=Verb,
    short_help="Show one receipt and what became of it.",
    examples=("licet receipt show 01930c5a-...", "licet receipt show 01930c5a-... --json | jq .detail"),
)
@click.argument("receipt_id", metavar="ID")
@reaching
@click.pass_context
def show(ctx: click.Context, *, receipt_id: str, reach: Reach) -> int:
    """Show one receipt, what it was made from as far as that is kept, and what became of a permit.

    Showing is not checking: `licet verify` does that.
    """
    talk = talk_of(ctx)
    with connected(reach, talk.environment) as line:
        document = line.get(f"/v1/receipts/{quoted(receipt_id)}")
    if talk.json:
        talk.data(document)
        return Exit.DONE
    payload = payload_of(text_of(document, "receipt"))
    _show(talk, document, payload)
    talk.say("shown, not verified: `licet receipt export` it, then `licet verify`")
    return Exit.DONE


@click.command(
    "list",
    cls=Verb,
    short_help="List receipts, the newest first.",
    examples=(
        "licet receipt list --outcome DENY",
        "licet receipt list --kind claim --limit 5",
        "licet receipt list --jsonl",
    ),
)
@click.option("--kind", metavar="KIND", help="decision, claim, completion, freeze, revocation, bundle, key")
@click.option(
    "--outcome", type=click.Choice(["PERMIT", "DENY", "SILENCE"]), help="Decisions with this answer."
)
@click.option("--surface", metavar="NAME", help="Decisions on this surface.")
@click.option("--actor", metavar="TYPE/ID", help="Decisions that this actor asked for.")
@click.option("--limit", type=click.IntRange(1, 1_000_000), default=20, show_default=True, help="How many.")
@click.option("--jsonl", is_flag=True, help="One JSON object per line.")
@reaching
@click.pass_context
def list_(
    ctx: click.Context,
    *,
    kind: str | None,
    outcome: str | None,
    surface: str | None,
    actor: str | None,
    limit: int,
    jsonl: bool,
    reach: Reach,
) -> int:
    """List receipts, the newest first."""
    talk = talk_of(ctx)
    filters = {"kind": kind, "outcome": outcome, "surface": surface, "actor": actor}
    with connected(reach, talk.environment) as line:
        rows = pages(line, filters, limit)
        if jsonl:
            for row in rows:
                talk.data(row)
            return Exit.DONE
        if talk.json:
            found: list[JsonValue] = [*rows]
            talk.data({"schema": "licet/receipts/v1", "receipts": found})
            return Exit.DONE
        count = 0
        for count, row in enumerate(rows, 1):  # noqa: B007 - read after the loop
            _row(talk, row)
    talk.say(f"{count} receipts" if count else "no receipt matches")
    return Exit.DONE


def pages(line: Line, filters: dict[str, str | None], limit: int | None) -> Iterator[JsonObject]:
    """Receipts that match, newest first, page by page, at most ``limit`` of them."""
    before: JsonValue = None
    left = limit
    while left is None or left > 0:
        size = PAGE if left is None else min(left, PAGE)
        query = {name: value for name, value in filters.items() if value is not None}
        query["limit"] = str(size)
        if before is not None:
            query["before"] = str(before)
        page = line.get(f"/v1/receipts?{urlencode(query)}")
        rows = objects_of(page, "receipts")
        yield from rows
        left = None if left is None else left - len(rows)
        before = page.get("next")
        if before is None or not rows:
            return


def quoted(receipt_id: str) -> str:
    """A receipt id as one path segment."""
    from urllib.parse import quote  # noqa: PLC0415 - beside its one use

    return quote(receipt_id, safe="")


def payload_of(jws: str) -> JsonObject:
    """The payload of a receipt, unverified: for showing only; empty when it cannot be read."""
    try:
        payload = read_strict(split(jws).payload)
    except LicetError:
        return {}
    return payload if isinstance(payload, dict) else {}


def moment(seconds: JsonValue) -> str:
    """A time for people: local and UTC."""
    if not isinstance(seconds, int):
        return "unknown"
    try:
        utc = datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        return f"{seconds} s"
    local = utc.astimezone()
    return f"{utc:%Y-%m-%d %H:%M:%S} UTC ({local:%H:%M:%S %Z})"


def named(scope: JsonValue) -> str:
    """The scope of a freeze, for people."""
    if not isinstance(scope, dict) or len(scope) != 1:
        return "unknown"
    ((kind, value),) = scope.items()
    if isinstance(value, dict):
        return f"{kind} {value.get('type')}/{value.get('id')}"
    return f"{kind} {value}" if isinstance(value, str) else kind


def _row(talk: Talk, row: JsonObject) -> None:
    kind, outcome = text_of(row, "kind"), row.get("outcome")
    talk.out(
        f"{count_of(row, 'index'):>6}  {text_of(row, 'receipt_id')}  ",
        painted(outcome) if isinstance(outcome, str) else quiet(kind),
        *(f"  {row[name]}" for name in ("reason", "surface", "actor") if isinstance(row.get(name), str)),
    )


def _show(talk: Talk, document: JsonObject, payload: JsonObject) -> None:
    kind, outcome, reason = text_of(document, "kind"), document.get("outcome"), document.get("reason")
    if isinstance(outcome, str):
        talk.out(painted(outcome), f" {reason}")
    else:
        talk.out(f"{kind} receipt")
    talk.out(f"  receipt   {text_of(document, 'receipt_id')}, index {count_of(document, 'index')}")
    talk.out(f"  issued    {moment(document.get('issued'))} by {payload.get('iss')}")
    if "exp" in payload:
        talk.out(f"  expires   {moment(payload.get('exp'))}, for {payload.get('aud')}")
    request = payload.get("request")
    if isinstance(request, dict):
        talk.out(
            f"  asked     {request.get('surface')} {request.get('action')} by {_ref(request.get('actor'))}"
        )
        if "target" in request:
            talk.out(f"  target    {_ref(request.get('target'))}")
        talk.out(f"  key       {request.get('idempotency_key')}")
        talk.out(f"  effect    {request.get('effect_digest')}")
    policy = payload.get("policy")
    if isinstance(policy, dict):
        rules = policy.get("determining")
        which = ", ".join(map(str, rules)) if isinstance(rules, list) and rules else "no rule"
        talk.out(f"  policy    {policy.get('bundle')} version {policy.get('version')}: {which}")
        talk.out(f"            {policy.get('digest')}")
    for name in ("op", "of", "role", "status", "bundle", "version", "effect_digest"):
        if name in payload and not isinstance(payload[name], dict | list):
            talk.out(f"  {name.ljust(8)}  {payload[name]}")
    if kind in {"freeze", "revocation"}:
        if kind == "freeze":
            talk.out(f"  scope     {named(payload.get('scope'))}")
        talk.out(f"  by        {_ref(payload.get('by'))}: {payload.get('reason')}")
    _explain(talk, document)
    _became(talk, document)


def _explain(talk: Talk, document: JsonObject) -> None:
    detail = document.get("detail")
    explanation = detail.get("explanation") if isinstance(detail, dict) else None
    for rule in explanation if isinstance(explanation, list) else []:
        if isinstance(rule, dict):
            talk.out(f"  because   {rule.get('policy')}: {rule.get('text')}")
    request = detail.get("request") if isinstance(detail, dict) else None
    parameters = request.get("parameters") if isinstance(request, dict) else None
    for name, value in parameters.items() if isinstance(parameters, dict) else []:
        talk.out(f"  with      {name} = {value}")


def _became(talk: Talk, document: JsonObject) -> None:
    permit = document.get("permit")
    if not isinstance(permit, dict):
        return
    if isinstance(permit.get("revoked_index"), int):
        talk.out(f"  revoked   index {permit.get('revoked_index')}: it can never be claimed")
        return
    if permit.get("claimed") is None:
        talk.out("  claimed   never")
        return
    talk.out(f"  claimed   {moment(permit.get('claimed'))}, index {permit.get('claim_index')}")
    completion = permit.get("completion")
    if completion is None:
        # No completion never means "it did not run".
        talk.out("  outcome   no outcome reported")
    else:
        talk.out(f"  outcome   {completion}, index {permit.get('completion_index')}")


def _ref(value: JsonValue) -> str:
    return f"{value.get('type')}/{value.get('id')}" if isinstance(value, dict) else "unknown"
