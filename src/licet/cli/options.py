"""What every verb has in common: examples first in its help, and the options that all of them take."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import NamedTuple

import click

from licet.cli.talk import Talk


class Reach(NamedTuple):
    """Which authority a verb speaks to, as the command line names it; the connection decides."""

    home: str | None
    url: str | None
    token_file: str | None


class Verb(click.Command):
    """A command whose help shows examples before options."""

    def __init__(self, *, examples: tuple[str, ...] = (), **attributes: object) -> None:
        """Keep ``examples``, one command line each."""
        super().__init__(**attributes)  # type: ignore[arg-type]  # click types each keyword on its own
        self.examples = examples
        self.params = [*self.params, *common_options()]

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write what the verb does, then how it is typed."""
        super().format_help_text(ctx, formatter)
        if self.examples:
            with formatter.section("Examples"):
                formatter.write("".join(f"  {line}\n" for line in self.examples))


def common_options() -> list[click.Parameter]:
    """``--json --color -q --debug``: they set the run's ``Talk`` and reach no verb."""
    return [
        click.Option(
            ["--json"],
            is_flag=True,
            expose_value=False,
            is_eager=True,
            callback=_json,
            help="One JSON object.",
        ),
        click.Option(
            ["--color"],
            type=click.Choice(["auto", "always", "never"]),
            expose_value=False,
            is_eager=True,
            callback=_colour,
            help="Colours; auto asks the terminal, NO_COLOR, FORCE_COLOR.",
        ),
        click.Option(
            ["-q", "--quiet"],
            is_flag=True,
            expose_value=False,
            is_eager=True,
            callback=_hush,
            help="Errors only on stderr.",
        ),
        click.Option(
            ["--debug"],
            is_flag=True,
            expose_value=False,
            is_eager=True,
            callback=_debug,
            help="Show a traceback.",
        ),
    ]


def reaching(function: Callable[..., int]) -> Callable[..., int]:
    """Give a verb ``--home``, ``--url`` and ``--token-file``; it gets them as one ``reach``."""

    @wraps(function)
    def reached(
        *given: object, home: str | None, url: str | None, token_file: str | None, **named: object
    ) -> int:
        return function(*given, reach=Reach(home, url, token_file), **named)

    options = (
        click.option("--home", metavar="DIR", help="The home directory (else LICET_HOME, else this folder)."),
        click.option("--url", metavar="URL", help="A served authority: http://host:port or unix:/path."),
        click.option("--token-file", metavar="FILE", help="The API key for --url (else LICET_TOKEN)."),
    )
    verb: Callable[..., int] = reached
    for option in reversed(options):
        verb = option(verb)
    return verb


def talk_of(ctx: click.Context) -> Talk:
    """This run's way of speaking."""
    return ctx.ensure_object(Talk)


def _json(ctx: click.Context, _param: click.Parameter, value: bool | None) -> None:
    if value:
        talk_of(ctx).json = True


def _colour(ctx: click.Context, _param: click.Parameter, value: str | None) -> None:
    if value is not None:
        talk_of(ctx).colour = value


def _hush(ctx: click.Context, _param: click.Parameter, value: bool | None) -> None:
    if value:
        talk_of(ctx).hushed = True


def _debug(ctx: click.Context, _param: click.Parameter, value: bool | None) -> None:
    if value:
        talk_of(ctx).debug = True
