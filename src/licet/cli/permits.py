"""`licet permit`: what is open, and taking one back before its use."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

import click

from licet.cli.answers import count_of, objects_of, text_of
from licet.cli.connection import connected
from licet.cli.exits import Exit
from licet.cli.freezing import demand_reason
from licet.cli.lazy import Entry, LazyGroup
from licet.cli.options import Reach, Verb, reaching, talk_of
from licet.cli.receipt_read import moment, quoted
from licet.cli.talk import good, pale, quiet
from licet.protocol.canonical import canonical_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from licet.cli.connection import Line
    from licet.protocol.types import JsonObject, JsonValue

PAGE = 200

permit = LazyGroup(
    name="permit",
    short_help="Show open permits; revoke one that is unclaimed.",
    help="Permits: what may still be claimed, what runs without a report, and taking one back.",
    context_settings={"help_option_names": ["-h", "--help"]},
    registry={
        "open": Entry("licet.cli.permits:open_", "List permits without an outcome, the newest first."),
        "revoke": Entry("licet.cli.permits:revoke", "Take back a permit that nobody has claimed."),
    },
)


@click.command(
    "open",
    cls=Verb,
    short_help="List permits without an outcome, the newest first.",
    examples=("licet permit open", "licet permit open --json | jq .permits"),
)
@reaching
@click.pass_context
def open_(ctx: click.Context, *, reach: Reach) -> int:
    """List the permits that may still be claimed, and those that were and have no completion.

    A claimed permit without a completion may have run: no report never means that it did not.
    """
    talk = talk_of(ctx)
    with connected(reach, talk.environment) as line:
        found = list(_pages(line))
    if talk.json:
        rows: list[JsonValue] = [*found]
        talk.data({"schema": "licet/permits/v1", "permits": rows})
        return Exit.DONE
    for row in found:
        claimed = row.get("claimed")
        state = quiet("unclaimed") if claimed is None else pale("no outcome reported")
        until = f"until {moment(row.get('expires'))}" if claimed is None else f"since {moment(claimed)}"
        talk.out(
            f"{text_of(row, 'receipt_id')}  ", state, f"  {row.get('surface')}  {row.get('actor')}  {until}"
        )
    talk.say(f"{len(found)} open" if found else "no permit is open")
    return Exit.DONE


@click.command(
    "revoke",
    cls=Verb,
    short_help="Take back a permit that nobody has claimed.",
    examples=('licet permit revoke 01930c5a-... --reason "wrong payee"',),
)
@click.argument("receipt_id", metavar="RECEIPT_ID")
@click.option("--reason", metavar="TEXT", help="Why; it stands in the receipt.")
@reaching
@click.pass_context
def revoke(ctx: click.Context, *, receipt_id: str, reason: str | None, reach: Reach) -> int:
    """Take back the permit of RECEIPT_ID, if nobody has claimed it and it has not expired.

    Once this has answered, the permit can never be claimed. A second time gives the first answer.
    """
    talk = talk_of(ctx)
    body = canonical_bytes({"reason": demand_reason(reason)})
    with connected(reach, talk.environment) as line:
        answer = line.post(f"/v1/permits/{quoted(receipt_id)}/revoke", body)
    if talk.json:
        talk.data({"schema": "licet/revocation/v1", **answer})
        return Exit.DONE
    talk.out(good("revoked"), f"  {receipt_id}")
    talk.out(f"  receipt   {text_of(answer, 'receipt_id')}, index {count_of(answer, 'index')}")
    return Exit.DONE


def _pages(line: Line) -> Iterator[JsonObject]:
    before: JsonValue = None
    while True:
        query = {"state": "open", "limit": str(PAGE)} | ({} if before is None else {"before": str(before)})
        page = line.get(f"/v1/permits?{urlencode(query)}")
        yield from objects_of(page, "permits")
        before = page.get("next")
        if before is None:
            return
