"""`licet serve`: the authority of a home, over HTTP on loopback and a Unix socket."""

from __future__ import annotations

from pathlib import Path

import click

from licet.cli.exits import Exit, exit_of
from licet.cli.moment import seconds
from licet.cli.options import Verb, talk_of
from licet.wiring.home import find_home
from licet.wiring.serving import serve as serve_home


@click.command(
    "serve",
    cls=Verb,
    short_help="Serve the authority over HTTP and a Unix socket.",
    examples=("licet serve --home home", "licet serve --listen 127.0.0.1:9000 --socket run/licet.sock"),
)
@click.option("--home", metavar="DIR", help="The home directory (else LICET_HOME, else this folder).")
@click.option("--listen", metavar="HOST:PORT", help="Loopback address; port 0 takes a free one.")
@click.option("--socket", metavar="PATH", help="The Unix socket (else data/licet.sock in the home).")
@click.option(
    "--accept-clock", metavar="TIME", help="The time now, by another clock than this machine's; recorded."
)
@click.pass_context
def serve(
    ctx: click.Context, *, home: str | None, listen: str | None, socket: str | None, accept_clock: str | None
) -> int:
    """Serve the home until SIGTERM or Ctrl-C. It never creates a database, and answers only once it is ready.

    A clock 27 days ahead of the log's last record refuses to start: read the time elsewhere, and name it
    with --accept-clock.

    Exit 0 after a clean end, 2 configuration, 10 the evidence contradicts the store, 1 anything else.
    """
    talk = talk_of(ctx)
    fault = serve_home(
        find_home(home, talk.environment, Path.cwd()),
        listen=listen,
        socket=socket,
        announce=talk.say,
        accept_clock_s=None if accept_clock is None else seconds(accept_clock),
    )
    if fault is None:
        talk.say("stopped: everything acknowledged is on disk")
        return Exit.DONE
    talk.error(fault)
    return exit_of(type(fault))
