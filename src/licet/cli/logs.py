"""`licet log`: the checkpoint as C2SP tools read it, and the recomputation of the whole log."""

from __future__ import annotations

from pathlib import Path

import click

from licet.cli.answers import count_of, objects_of, text_of
from licet.cli.connection import connected
from licet.cli.exits import Exit
from licet.cli.lazy import Entry, LazyGroup
from licet.cli.options import Reach, Verb, reaching, talk_of
from licet.cli.talk import Talk, bad, good
from licet.errors import RaiseTheAlarm
from licet.protocol.types import JsonObject
from licet.wiring.home import find_home

log = LazyGroup(
    name="log",
    short_help="The transparency log: its checkpoint, its recomputation.",
    help="The transparency log: one leaf per receipt, never rewritten.",
    context_settings={"help_option_names": ["-h", "--help"]},
    registry={
        "checkpoint": Entry("licet.cli.logs:checkpoint", "Print the newest signed checkpoint."),
        "verify": Entry("licet.cli.logs:verify", "Recompute the whole log from its stored bytes."),
    },
)


@click.command(
    "checkpoint",
    cls=Verb,
    short_help="Print the newest signed checkpoint.",
    examples=("licet log checkpoint > seen.checkpoint",),
)
@reaching
@click.pass_context
def checkpoint(ctx: click.Context, *, reach: Reach) -> int:
    """Print the newest checkpoint: a C2SP signed note of the log's origin, size and root.

    Keep one elsewhere: a log that ever shows another root for that size has been rewritten.
    """
    talk = talk_of(ctx)
    with connected(reach, talk.environment) as line:
        note = line.text("/log/checkpoint")
    if talk.json:
        talk.data({"schema": "licet/checkpoint/v1", "note": note})
    else:
        talk.raw(note)
    return Exit.DONE


@click.command(
    "verify",
    cls=Verb,
    short_help="Recompute the whole log from its stored bytes.",
    examples=("licet log verify", "licet log verify --home /srv/licet --json"),
)
@reaching
@click.pass_context
def verify(ctx: click.Context, *, reach: Reach) -> int:
    """Recompute every leaf from the stored receipts, the tree from the leaves, and compare.

    Exit 10 when anything differs: keep every file as it is.
    """
    talk = talk_of(ctx)
    report = _report(reach, talk)
    problems = objects_of(report, "problems")
    if talk.json:
        talk.data(report)
        return Exit.FAILED if problems else Exit.DONE
    counted = f"{count_of(report, 'checked')} of {count_of(report, 'size')} receipts recomputed"
    if not problems:
        talk.out(good("VERIFIED"), f"  {counted}: leaves, tree and checkpoint agree")
        talk.out(f"  origin  {text_of(report, 'origin')}")
        talk.out(f"  root    {text_of(report, 'root')}")
        return Exit.DONE
    talk.out(bad("FAILED"), f"  {counted}: {len(problems)} problems")
    for problem in problems:
        talk.out(f"  leaf {problem.get('index')}  {text_of(problem, 'code')}: {text_of(problem, 'detail')}")
    talk.say("  mend: keep every file as it is and compare with a copy; see licet help store_corrupt")
    return Exit.FAILED


def _report(reach: Reach, talk: Talk) -> JsonObject:
    """What the authority finds; of a home that refuses to start, what its stored bytes say."""
    try:
        with connected(reach, talk.environment) as line:
            return line.get("/v1/log/verify")
    except RaiseTheAlarm as alarm:
        if reach.url is not None:
            raise
        talk.say(f"this home refuses to decide: {alarm.message}")
        from licet.wiring.inspecting import inspect_home  # noqa: PLC0415 - only a broken home needs it

        return inspect_home(find_home(reach.home, talk.environment, Path.cwd()), talk.environment)
