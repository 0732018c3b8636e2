"""`licet demo`: the whole of licet in a temporary folder, offline, with every line demanded."""

from __future__ import annotations

import shutil
import signal
import tempfile
from pathlib import Path

import click

from licet.cli.demo.cast import Cast
from licet.cli.demo.processes import Launcher
from licet.cli.demo.script import play
from licet.cli.demo.stage import Stage
from licet.cli.exits import Exit
from licet.cli.options import Verb, talk_of
from licet.cli.talk import bad, good
from licet.errors import Usage


@click.command(
    "demo",
    cls=Verb,
    short_help="Two minutes, offline: a permit, a refusal, a forgery.",
    examples=("licet demo", "licet demo --step", "licet demo --keep seen"),
)
@click.option("--keep", metavar="DIR", help="Run in this new folder and leave it there.")
@click.option("--step", is_flag=True, help="Wait for Enter before each step.")
@click.pass_context
def demo(ctx: click.Context, *, keep: str | None, step: bool) -> int:
    """Watch a permit work once, and everything else work never. Offline, in a temporary folder.

    Exit 0 only if every line came out as listed; else 1, naming the first that did not.
    """
    talk = talk_of(ctx)
    folder = _folder(keep)
    stage = Stage(talk, wait=step and not talk.json)
    cast = Cast(folder, Launcher(folder, talk.environment))
    if not talk.json:
        talk.out("licet: no permit, no execution")
    # Ended from outside, the demo still ends what it started.
    before = signal.signal(signal.SIGTERM, _end)
    try:
        play(stage, cast)
    finally:
        signal.signal(signal.SIGTERM, before)
        cast.close()
        if keep is None:
            shutil.rmtree(folder, ignore_errors=True)
    if talk.json:
        talk.data(stage.document())
    elif stage.first_miss is None:
        talk.out("")
        talk.out(good("done"), "  every line came out as listed: one permit, one payment")
    if stage.first_miss is not None:
        talk.say(bad("not as listed"), f"  {stage.first_miss}")
        return Exit.INTERNAL
    if keep is not None:
        talk.say(f"kept in {folder}")
    talk.say("next: licet init DIR, then licet serve --home DIR; what a word means: licet help")
    return Exit.DONE


def _end(number: int, _frame: object) -> None:
    raise SystemExit(128 + number)


def _folder(keep: str | None) -> Path:
    if keep is None:
        return Path(tempfile.mkdtemp(prefix="licet-demo-"))
    folder = Path(keep).absolute()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise Usage(f"`{keep}` is there and not empty", mend="name a new folder with --keep DIR")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder
