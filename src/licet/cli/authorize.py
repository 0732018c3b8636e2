"""`licet authorize`: ask whether an action may run. Exit 0 means PERMIT and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from licet.cli.answers import count_of, object_of, objects_of, text_of
from licet.cli.believed import demand_believable
from licet.cli.connection import connected
from licet.cli.exits import Exit
from licet.cli.files import read_file
from licet.cli.options import Reach, Verb, reaching, talk_of
from licet.cli.talk import Painted, Talk, bad, good, pale
from licet.errors import NotRecorded
from licet.protocol.limits import BODY_BYTES_MAX

if TYPE_CHECKING:
    from licet.protocol.types import JsonObject
    from licet.verify.trust import TrustSet


@click.command(
    "authorize",
    cls=Verb,
    short_help="Ask whether an action may run.",
    examples=(
        "licet authorize -f request.json",
        "licet authorize -f - --json < request.json",
        "licet authorize -f request.json --url http://127.0.0.1:8787 --token-file bot.token",
    ),
)
@click.option("-f", "--file", "name", metavar="FILE", required=True, help="The request; `-` is stdin.")
@click.option(
    "--trust", "trust_name", metavar="DIR", help="Trust to check the answer with (else the home's)."
)
@click.option("--deadline-ms", type=click.IntRange(0, 60_000), help="Longest wait for the decision.")
@reaching
@click.pass_context
def authorize(
    ctx: click.Context,
    *,
    name: str,
    trust_name: str | None,
    deadline_ms: int | None,
    reach: Reach,
) -> int:
    """Ask whether an action may run, and record the answer.

    The bytes go unchanged through the same strict door as over HTTP. Exit 0 means PERMIT and nothing
    else; 3 DENY, 4 SILENCE, 5 SILENCE until an approval, 30 no authority answered, 10 the answer is not
    what its signed receipt says.
    """
    talk = talk_of(ctx)
    body = read_file(name, bytes_max=BODY_BYTES_MAX)
    headers = {} if deadline_ms is None else {"Licet-Deadline-Ms": str(deadline_ms)}
    with connected(reach, talk.environment) as line:
        # Read before asking: a trust folder that cannot be used must not cost a decision.
        trust = line.trust() if trust_name is None else _named_trust(trust_name)
        answer = line.post("/v1/decisions", body, headers=headers)
    demand_believable(answer, body, trust)
    code = exit_of_answer(answer)
    if talk.json:
        talk.data(answer)
    else:
        show(talk, answer)
        if trust is None:
            talk.say("the signature was not checked: give --trust DIR")
    return code


def _named_trust(name: str) -> TrustSet:
    from licet.cli.trust_file import read_trust  # noqa: PLC0415 - a call without trust pays for no verifier

    return read_trust(name)


def exit_of_answer(answer: JsonObject) -> Exit:
    """The exit code of a decision.

    Raises:
        NotRecorded: an outcome that this version does not know; it is no permit.
    """
    outcome, reason = text_of(answer, "outcome"), text_of(answer, "reason")
    match outcome:
        case "PERMIT" if reason in {"permitted", "break_glass"}:
            return Exit.DONE
        case "DENY":
            return Exit.DENY
        case "SILENCE" if reason == "approval_required":
            return Exit.APPROVAL_REQUIRED
        case "SILENCE":
            return Exit.SILENCE
        case _:
            raise NotRecorded(
                f"the authority answered `{outcome[:32]} {reason[:32]}`, which this version does not know",
                mend="use a client of its version; this is no permit",
            )


def show(talk: Talk, answer: JsonObject) -> None:
    """A decision for people: the answer, the rules with their texts, and where it is recorded."""
    outcome, reason = text_of(answer, "outcome"), text_of(answer, "reason")
    log = object_of(answer, "log")
    talk.out(painted(outcome), f" {reason}")
    for rule in objects_of(answer, "explanation"):
        policy = text_of(rule, "policy")
        lead = f"{policy}: " if policy else ""
        talk.out(f"  because   {lead}{text_of(rule, 'text')}")
    obligations = answer.get("obligations")
    if isinstance(obligations, list) and obligations:
        talk.out(f"  must      {', '.join(str(one) for one in obligations)}")
    talk.out(f"  receipt   {text_of(answer, 'receipt_id')}")
    talk.out(f"  log       {text_of(log, 'origin')}, index {count_of(log, 'index')}")
    after = _after(outcome, reason)
    if after:
        talk.say(after)


def painted(outcome: str) -> Painted:
    """An outcome in its colour; the word itself is the sign."""
    return {"PERMIT": good, "DENY": bad}.get(outcome, pale)(outcome)


def _after(outcome: str, reason: str) -> str:
    if outcome == "SILENCE" and reason == "approval_required":
        return "once it is approved, ask again with the same idempotency key"
    if outcome == "SILENCE":
        return f"final for this idempotency key; what it means: licet help {reason}"
    return ""
