"""`licet receipt export`: receipts and their proofs as files that `licet verify` takes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from licet.cli.answers import count_of, text_of
from licet.cli.connection import Line, connected
from licet.cli.exits import Exit
from licet.cli.files import write_file
from licet.cli.options import Reach, Verb, reaching, talk_of
from licet.cli.receipt_read import pages, quoted
from licet.errors import Usage
from licet.protocol.ids import is_receipt_id

if TYPE_CHECKING:
    from licet.protocol.types import JsonObject, JsonValue

_EVERYTHING: dict[str, str | None] = {}


@click.command(
    "export",
    cls=Verb,
    short_help="Write receipts and proofs for `licet verify`.",
    examples=("licet receipt export 01930c5a-... -o evidence", "licet receipt export --all -o evidence"),
)
@click.argument("receipt_ids", metavar="ID...", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Every receipt of the log.")
@click.option("-o", "--output", metavar="DIR", default=".", show_default=True, help="Where the files go.")
@reaching
@click.pass_context
def export(
    ctx: click.Context,
    *,
    receipt_ids: tuple[str, ...],
    everything: bool,
    output: str,
    reach: Reach,
) -> int:
    """Write `ID.jws` and `ID.tlog-proof` for each receipt: the files that `licet verify` takes.

    The names are the receipts' ids; a file that is there with other bytes is never overwritten.
    """
    talk = talk_of(ctx)
    if everything == bool(receipt_ids):
        raise Usage("name receipts, or `--all`", mend="licet receipt export ID -o DIR")
    folder = Path(output)
    folder.mkdir(parents=True, exist_ok=True)
    written: list[JsonValue] = []
    with connected(reach, talk.environment) as line:
        rows = pages(line, _EVERYTHING, None) if everything else (_row(line, one) for one in receipt_ids)
        for row in rows:
            names = _write(line, row, folder)
            written += names
            if not talk.json:
                talk.out(*("  ".join(names)))
    if talk.json:
        talk.data({"schema": "licet/export/v1", "files": written})
    talk.say(f"{len(written) // 2} receipts; check them anywhere: licet verify FILE.jws --trust DIR")
    return Exit.DONE


def _row(line: Line, receipt_id: str) -> JsonObject:
    return line.get(f"/v1/receipts/{quoted(receipt_id)}")


def _write(line: Line, row: JsonObject, folder: Path) -> list[str]:
    receipt_id, jws = text_of(row, "receipt_id"), text_of(row, "receipt")
    if not is_receipt_id(receipt_id):
        # Attack: an id with `/` or `..` in it would choose where the file goes.
        raise Usage(f"`{receipt_id[:64]}` is not a receipt id", mend="ask an authority that gives uuid7 ids")
    count_of(row, "index")
    proof = line.text(f"/v1/receipts/{receipt_id}/proof")
    names = [f"{receipt_id}.jws", f"{receipt_id}.tlog-proof"]
    for name, content in zip(names, (jws, proof), strict=True):
        write_file(folder / name, content.encode("utf-8"))
    return [str(folder / name) for name in names]
