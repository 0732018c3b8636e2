"""`licet completion SHELL`: the script that lets a shell complete verbs and options."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from licet.cli.exits import Exit
from licet.cli.options import Verb, talk_of
from licet.errors import Usage


@click.command(
    "completion",
    cls=Verb,
    short_help="Print the shell's completion script.",
    examples=(
        'eval "$(licet completion bash)"',
        "licet completion fish > ~/.config/fish/completions/licet.fish",
    ),
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> int:
    """Print the script that completes verbs and options in your shell."""
    talk = talk_of(ctx)
    kind = get_completion_class(shell)
    if kind is None:
        raise Usage(f"no completion for `{shell}`", mend="bash, zsh or fish")
    root = ctx.find_root()
    script = kind(root.command, {}, "licet", "_LICET_COMPLETE").source()
    if talk.json:
        talk.data({"schema": "licet/completion/v1", "shell": shell, "script": script})
    else:
        talk.raw(script + "\n")
    return Exit.DONE
