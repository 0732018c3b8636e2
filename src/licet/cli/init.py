"""`licet init`: a new home, with keys, log, trust folder and a starter policy that decides."""

from __future__ import annotations

from pathlib import Path

import click

from licet.cli.exits import Exit
from licet.cli.options import Verb, talk_of
from licet.cli.starter import TEMPLATES, starter_files
from licet.cli.talk import good
from licet.wiring.founding import found_home


@click.command(
    "init",
    cls=Verb,
    short_help="Make a home directory: keys, log, a starter policy.",
    examples=("licet init home", "licet init home --template minimal --origin example.com/licet/main"),
)
@click.argument("directory", metavar="DIR")
@click.option(
    "--template",
    type=click.Choice(TEMPLATES),
    default=TEMPLATES[0],
    show_default=True,
    help="The starter policy.",
)
@click.option("--origin", metavar="NAME", help="The log's name for ever, such as example.com/licet/main.")
@click.pass_context
def init(ctx: click.Context, *, directory: str, template: str, origin: str | None) -> int:
    """Make a home directory: keys, an empty log, and a starter policy that is tested and active.

    All of it or nothing: it is built aside and renamed into place. No network, no account, no server.
    """
    talk = talk_of(ctx)
    founded = found_home(Path(directory), template=starter_files(template), origin=origin)
    if talk.json:
        talk.data(
            {
                "schema": "licet/init/v1",
                "home": str(Path(directory).absolute()),
                "origin": founded.origin,
                "root_kid": founded.root_kid,
                "bundle": founded.bundle,
                "version": founded.version,
                "digest": founded.digest,
                "tests_passed": founded.tests_passed,
            }
        )
        return Exit.DONE
    talk.out(good("done"), f"  {directory} is a licet home")
    talk.out(f"  log       {founded.origin}")
    talk.out(f"  policy    {founded.bundle} version {founded.version}, {founded.tests_passed} tests hold")
    talk.out(f"            {founded.digest}")
    talk.out("  keys      data/keys: root, receipt and log, for your eyes only (mode 0600)")
    talk.out("  trust     trust/: give this folder to whoever is to verify")
    talk.say("")
    talk.say("One root key speaks for this log, and it lies beside the log. Before anything depends on it:")
    talk.say("keep data/keys/root.pem on another machine.")
    talk.say("")
    talk.say("next:")
    for line in next_commands(directory):
        talk.say(f"  {line}")
    return Exit.DONE


def next_commands(directory: str) -> tuple[str, str, str]:
    """Three commands that work now."""
    return (
        f"licet policy test {directory}/bundle",
        f"licet serve --home {directory}",
        f"licet doctor --home {directory}",
    )
