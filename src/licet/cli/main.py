"""The front of `licet`: the verbs by name, and the rim where every error gets its words and exit code.

Only the standard library and click are imported here: `licet --help` stays quick (``tests/test_startup.py``).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import NoReturn

import click

from licet import __version__
from licet.cli.exits import Exit, exit_of
from licet.cli.lazy import Entry, LazyGroup
from licet.cli.options import common_options, talk_of
from licet.cli.talk import Talk
from licet.errors import LicetError, Usage
from licet.wiring.environment import environment

START = "Start here"
DECIDE = "Decide"
EVIDENCE = "Evidence"
POLICY = "Policy"
STOP = "Stop"
KEEP = "Keep it running"

VERBS = {
    "demo": Entry(
        "licet.cli.demo.command:demo", "Two minutes, offline: a permit, a refusal, a forgery.", START
    ),
    "init": Entry("licet.cli.init:init", "Make a home directory: keys, log, a starter policy.", START),
    "help": Entry("licet.cli.help:help_", "Explain an error code, a reason or a step, offline.", START),
    "authorize": Entry("licet.cli.authorize:authorize", "Ask whether an action may run.", DECIDE),
    "verify": Entry("licet.cli.verify:verify", "Check a receipt and its proof, offline.", EVIDENCE),
    "receipt": Entry("licet.cli.receipts:receipt", "Show, list and export receipts.", EVIDENCE),
    "log": Entry("licet.cli.logs:log", "The transparency log: its checkpoint, its recomputation.", EVIDENCE),
    "policy": Entry("licet.cli.policy:policy", "Check, test and activate a bundle of policy.", POLICY),
    "freeze": Entry(
        "licet.cli.freezing:freeze", "Stop an actor, a surface, a tenant or everything, now.", STOP
    ),
    "unfreeze": Entry("licet.cli.freezing:unfreeze", "Lift a freeze.", STOP),
    "permit": Entry("licet.cli.permits:permit", "Show open permits; revoke one that is unclaimed.", STOP),
    "serve": Entry("licet.cli.serve:serve", "Serve the authority over HTTP and a Unix socket.", KEEP),
    "doctor": Entry("licet.cli.doctor:doctor", "Look over a home: a fact and a mend per check.", KEEP),
    "backup": Entry("licet.cli.keeping:backup", "Copy a home, without its keys, and prove the copy.", KEEP),
    "restore": Entry(
        "licet.cli.keeping:restore", "Put a backup's database into a home that lost its own.", KEEP
    ),
    "completion": Entry("licet.cli.completion:completion", "Print the shell's completion script.", KEEP),
}

ABOUT = """No permit, no execution; every decision a signed receipt in a tamper-evident log.

\b
Exit codes: 0 PERMIT / done / verified · 3 DENY · 4 SILENCE · 5 approval required
  10 verification FAILED · 11 cannot verify · 2 usage · 30 authority unreachable
"""


class Root(LazyGroup):
    """The root group: runs a verb and turns whatever it raises into words and an exit code."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,  # noqa: ARG002, FBT002 - click's own signature
        **extra: object,
    ) -> NoReturn:
        """Run one command line and exit with its code; the only place that ends a process."""
        talk = Talk(environment())
        # Seen before anything is parsed, so that a line that cannot be parsed is answered in JSON too.
        talk.json = "--json" in (sys.argv[1:] if args is None else args)
        name = prog_name or "licet"
        try:
            code = super().main(args, name, complete_var, standalone_mode=False, obj=talk, **extra)
        except BaseException as error:  # noqa: BLE001 - the rim: no verb's failure leaves as a traceback
            sys.exit(ended(error, talk))
        sys.exit(Exit.DONE if code is None else int(code))


def ended(error: BaseException, talk: Talk) -> int:
    """Say what ended the run, and give its exit code.

    An unknown exception is one line and exit 1, which counts as no permit; `--debug` shows the traceback.
    """
    _settle_stdout()
    if talk.debug and not isinstance(error, SystemExit | click.exceptions.Exit):
        sys.excepthook(type(error), error, error.__traceback__)
    match error:
        case SystemExit():
            return error.code if isinstance(error.code, int) else Exit.INTERNAL
        case KeyboardInterrupt() | click.Abort():
            talk.say("interrupted")
            return Exit.INTERRUPTED
        case click.exceptions.NoArgsIsHelpError():
            error.show()
            return Exit.USAGE
        case LicetError():
            talk.error(error)
            return exit_of(type(error))
        case click.ClickException():
            usage = usage_of(error)
            talk.error(usage)
            return Exit.USAGE
        case BrokenPipeError():
            return Exit.INTERNAL
        case _:
            talk.error(_unknown(error))
            return Exit.INTERNAL


def usage_of(error: click.ClickException) -> Usage:
    """What click refused, in this project's words, with the nearest name or the help as the mend."""
    context = error.ctx if isinstance(error, click.UsageError) else None
    path = "licet" if context is None else context.command_path
    mend = f"{path} --help"
    if isinstance(error, click.NoSuchCommand | click.NoSuchOption):
        typed = error.command_name if isinstance(error, click.NoSuchCommand) else error.option_name
        kind = "verb" if isinstance(error, click.NoSuchCommand) else "option"
        if error.possibilities:
            mend = f"did you mean `{error.possibilities[0]}`?"
        return Usage(f"`{path}` has no {kind} `{typed}`", mend=mend)
    text = error.format_message().replace("'", "`").rstrip(".")
    return Usage(text[:1].lower() + text[1:], mend=mend)


def _version(ctx: click.Context, _param: click.Parameter, value: bool) -> None:
    if value:
        talk = talk_of(ctx)
        if talk.json:
            talk.data({"schema": "licet/version/v1", "version": __version__})
        else:
            talk.out(f"licet {__version__}")
        ctx.exit(0)


def _unknown(error: BaseException) -> LicetError:
    told = " ".join(str(error).split())
    return LicetError(
        f"{type(error).__name__}: {told}" if told else type(error).__name__,
        mend="this is a bug or a failing machine, and counts as no permit; `--debug` shows the traceback",
    )


def _settle_stdout() -> None:
    """Where stdout cannot be written any more, let its rest go nowhere: nothing may fail after this."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


root = Root(
    registry=VERBS,
    name="licet",
    help=ABOUT,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    params=[
        *common_options(),
        click.Option(
            ["--version"], is_flag=True, expose_value=False, callback=_version, help="Print the version."
        ),
    ],
)


def main() -> NoReturn:
    """The entry point of the `licet` command."""
    root.main(prog_name="licet")


if __name__ == "__main__":
    main()
