"""`licet doctor`: look over a home, one line per check; it changes nothing."""

from __future__ import annotations

from pathlib import Path

import click

from licet.cli.checks import Check, State, look_at_authority, look_at_home
from licet.cli.connection import connected
from licet.cli.exits import Exit
from licet.cli.options import Reach, Verb, reaching, talk_of
from licet.cli.talk import Painted, Talk, bad, good, pale
from licet.errors import LicetError, RaiseTheAlarm, Unreachable
from licet.wiring.home import find_home

_WORDS: dict[State, Painted] = {State.OK: good("ok  "), State.WARN: pale("warn"), State.FAIL: bad("FAIL")}


@click.command(
    "doctor",
    cls=Verb,
    short_help="Look over a home: a fact and a mend per check.",
    examples=(
        "licet doctor",
        "licet doctor --home /srv/licet --json",
        "licet doctor --url http://127.0.0.1:8787",
    ),
)
@reaching
@click.pass_context
def doctor(ctx: click.Context, *, reach: Reach) -> int:
    """Look over a home or a served authority. Changes nothing.

    Exit 0 no check failed, 10 evidence contradicts itself, 12 another check failed, 30 a served authority
    cannot be reached.
    """
    talk = talk_of(ctx)
    checks = examined(reach, talk)
    if talk.json:
        talk.data(
            {
                "schema": "licet/doctor/v1",
                "checks": [
                    {"name": one.name, "state": one.state.value, "fact": one.fact, "mend": one.mend}
                    for one in checks
                ],
            }
        )
    else:
        for one in checks:
            talk.out(_WORDS[one.state], f"  {one.name.ljust(10)}  {one.fact}")
            if one.mend and one.state is not State.OK:
                talk.out(f"                  mend: {one.mend}")
    if any(one.alarm for one in checks):
        return Exit.FAILED
    return Exit.CHECK_FAILED if any(one.state is State.FAIL for one in checks) else Exit.DONE


def examined(reach: Reach, talk: Talk) -> list[Check]:
    """Every check there is for what ``reach`` names.

    Raises:
        HomeMissing: there is no home to look over.
        Unreachable: a served authority named by ``--url`` did not answer.
    """
    if reach.url is not None:
        with connected(reach, talk.environment) as line:
            line.get("/version")
            return list(look_at_authority(line, None))
    home = find_home(reach.home, talk.environment, Path.cwd())
    checks = list(look_at_home(home))
    try:
        with connected(reach, talk.environment) as line:
            served = "answers on data/licet.sock" if line.place.startswith("unix:") else "not running"
            checks.append(Check("service", State.OK, f"`licet serve` {served}"))
            checks += look_at_authority(line, home)
    except Unreachable:
        raise
    except LicetError as error:
        alarm = isinstance(error, RaiseTheAlarm)
        checks.append(
            Check("open", State.FAIL, error.message, error.mend or f"licet help {error.code}", alarm)
        )
    return checks
