"""`licet help CODE`: what an error code, a reason, a verification step or a policy finding means, offline."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from importlib.resources import files
from typing import NamedTuple

import click

from licet.cli.exits import Exit
from licet.cli.options import Verb, talk_of
from licet.cli.talk import quiet
from licet.errors import Usage

HEADINGS = {
    "error": "error code",
    "reason": "reason of a decision",
    "step": "step of a verification",
    "policy": "policy finding",
}


class Explanation(NamedTuple):
    """One code: its family, what it means, and the mend; ``also`` is a second family that has the code."""

    code: str
    family: str
    what: str
    mend: str
    also: str | None = None


def explanations() -> Mapping[str, Explanation]:
    """Every code there is, in the order of the file that explains them."""
    text = files("licet.cli").joinpath("explanations.toml").read_text("utf-8")
    return {
        code: Explanation(code, family, entry["what"], entry["mend"], entry.get("also"))
        for family, entries in tomllib.loads(text).items()
        for code, entry in entries.items()
    }


@click.command(
    "help",
    cls=Verb,
    short_help="Explain an error code, a reason or a step, offline.",
    examples=(
        "licet help                      every code",
        "licet help already_claimed",
        "licet help POL012",
    ),
)
@click.argument("code", required=False)
@click.pass_context
def help_(ctx: click.Context, code: str | None) -> int:
    """Explain an error code, a reason of a decision, a verification step or a policy finding.

    Nothing is asked over a network.
    """
    talk = talk_of(ctx)
    known = explanations()
    if code is None:
        return _list(ctx, known)
    found = known.get(code) or known.get(code.lower()) or known.get(code.upper())
    if found is None:
        near = get_close_matches(code, known, 1)
        mend = f"did you mean `{near[0]}`?" if near else "`licet help` lists every code"
        raise Usage(f"`{code}` is no code of this version", mend=mend)
    if talk.json:
        talk.data({"schema": "licet/help/v1", **found._asdict()})
        return Exit.DONE
    families = [HEADINGS[family] for family in (found.family, found.also) if family is not None]
    talk.out(f"{found.code}", quiet(f"  ({', '.join(families)})"))
    talk.out(f"  {found.what}")
    talk.out(f"  mend: {found.mend}")
    return Exit.DONE


def _list(ctx: click.Context, known: Mapping[str, Explanation]) -> int:
    talk = talk_of(ctx)
    if talk.json:
        talk.data({"schema": "licet/help/v1", "codes": [found._asdict() for found in known.values()]})
        return Exit.DONE
    width = max(len(code) for code in known)
    for family, heading in HEADINGS.items():
        talk.out(f"{heading}:")
        for found in known.values():
            if family in (found.family, found.also):
                first, _, _ = found.what.partition(". ")
                talk.out(f"  {found.code.ljust(width)}  {first.rstrip('.')}")
    talk.say("one of them in full: licet help CODE · verbs: licet --help")
    return Exit.DONE
