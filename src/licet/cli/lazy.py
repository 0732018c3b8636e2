"""A click group that knows its verbs by name and short help, and imports a verb when it is run.

click's own help and completion call ``get_command`` for every entry and so import everything. Here the
registry carries the short help, and ``format_commands`` and ``shell_complete`` read only the registry;
``tests/cli/test_lazy.py`` holds each short help equal to the verb's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


class Entry(NamedTuple):
    """One verb: where it is defined, what it is for, and under which heading the help lists it."""

    where: str
    help: str
    section: str = "Verbs"


class LazyGroup(click.Group):
    """A group whose verbs live in modules that nobody imports before they are needed."""

    def __init__(self, *, registry: Mapping[str, Entry], **attributes: object) -> None:
        """Keep ``registry``: verb name to ``Entry``, in the order the help shows."""
        super().__init__(**attributes)  # type: ignore[arg-type]  # click types each keyword on its own
        self.registry = registry

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """The verbs, in the order of the registry."""
        return list(self.registry)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Import and return one verb."""
        entry = self.registry.get(cmd_name)
        if entry is None:
            return None
        module, _, attribute = entry.where.partition(":")
        command = getattr(import_module(module), attribute)
        if not isinstance(command, click.Command):
            message = f"`{entry.where}` is not a command"
            raise TypeError(message)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the verb, or refuse with the nearest names of the registry."""
        try:
            return super().resolve_command(ctx, args)
        except click.NoSuchCommand as error:
            raise click.NoSuchCommand(error.command_name, possibilities=self.registry, ctx=ctx) from error

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        """Write the verbs by section, from the registry alone."""
        width = max(len(name) for name in self.registry)
        for section in dict.fromkeys(entry.section for entry in self.registry.values()):
            rows = [
                (name.ljust(width), entry.help)
                for name, entry in self.registry.items()
                if entry.section == section
            ]
            with formatter.section(section):
                formatter.write_dl(rows)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete verb names from the registry, then options."""
        from click.shell_completion import CompletionItem  # noqa: PLC0415 - only a shell asks for it

        items = [
            CompletionItem(name, help=entry.help)
            for name, entry in self.registry.items()
            if name.startswith(incomplete)
        ]
        return items + click.Command.shell_complete(self, ctx, incomplete)
