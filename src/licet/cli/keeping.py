"""`licet backup` and `licet restore`: a copy of a home that is proved when it is made and when it returns."""

from __future__ import annotations

from pathlib import Path

import click

from licet.cli.exits import Exit
from licet.cli.options import Verb, talk_of
from licet.cli.talk import Talk, bad, good
from licet.protocol.types import JsonObject
from licet.wiring.home import find_home
from licet.wiring.keeping import Kept, back_up
from licet.wiring.keeping import restore as restore_home


@click.command(
    "backup",
    cls=Verb,
    short_help="Copy a home, without its keys, and prove the copy.",
    examples=("licet backup ../licet-2026-11-22 --home home", "licet backup /mnt/usb/licet --json"),
)
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--home", metavar="DIR", help="The home directory (else LICET_HOME, else this folder).")
@click.pass_context
def backup(ctx: click.Context, *, folder: Path, home: str | None) -> int:
    """Copy the database, trust, settings and bundle of a home to a new FOLDER, while it may be served.

    The copy is recomputed from its own bytes before it counts: every leaf, the root, the signed checkpoint.
    Keys are not in it: keep data/keys apart, where this backup is not.
    """
    talk = talk_of(ctx)
    kept = back_up(find_home(home, talk.environment, Path.cwd()), talk.environment, folder)
    if talk.json:
        talk.data(_document(kept))
        return Exit.DONE
    talk.out(good("BACKED UP"), f"  {kept.size} receipts, recomputed from the copy")
    _tell(talk, kept)
    talk.say("keys are not in it: keep a copy of data/keys elsewhere")
    return Exit.DONE


@click.command(
    "restore",
    cls=Verb,
    short_help="Put a backup's database into a home that lost its own.",
    examples=("licet restore ../licet-2026-11-22 --home home",),
)
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--home", metavar="DIR", help="The home directory (else LICET_HOME, else this folder).")
@click.pass_context
def restore(ctx: click.Context, *, folder: Path, home: str | None) -> int:
    """Put the database of a backup into a home that has its keys and no database. Nothing is overwritten.

    A copy that is older than what the home has published is restored and will refuse to serve: it would
    hand out spent permits as fresh. Exit 10 says so.
    """
    talk = talk_of(ctx)
    kept = restore_home(folder, find_home(home, talk.environment, Path.cwd()), talk.environment)
    if talk.json:
        talk.data(_document(kept))
    else:
        talk.out(good("RESTORED"), f"  {kept.size} receipts, recomputed from the copy")
        _tell(talk, kept)
    if kept.published is None:
        talk.say("no checkpoint was kept outside: whether receipts came after these, nobody here can tell")
    if kept.behind:
        talk.say(
            f"{bad('OLD COPY')}  it lacks {kept.behind} receipts that were published; it refuses to serve"
        )
        return Exit.FAILED
    return Exit.DONE


def _tell(talk: Talk, kept: Kept) -> None:
    talk.out(f"  origin  {kept.origin}")
    talk.out(f"  root    {kept.root}")


def _document(kept: Kept) -> JsonObject:
    return {
        "schema": "licet/kept/v1",
        "origin": kept.origin,
        "size": kept.size,
        "root": kept.root,
        "published": kept.published,
        "behind": kept.behind,
    }
