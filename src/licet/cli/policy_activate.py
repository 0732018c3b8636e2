"""`licet policy activate`: check, test, upload, sign and switch; every step must hold before the next."""

from __future__ import annotations

import secrets
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from licet.cli.answers import count_of, text_of
from licet.cli.bundle_files import read_bundle
from licet.cli.connection import Line, connected
from licet.cli.exits import Exit
from licet.cli.options import Reach, Verb, reaching, talk_of
from licet.cli.policy_check import bundle_folder, tell_findings
from licet.cli.policy_test import tell
from licet.cli.talk import Talk, good
from licet.errors import PolicyInvalid, Usage
from licet.gate.clock import SystemClock
from licet.policy.build import build_bundle
from licet.policy.bundle import Bundle
from licet.policy.testing import run
from licet.protocol.canonical import canonical_bytes
from licet.protocol.types import Digest
from licet.receipt.statement import Activation
from licet.wiring.founding import sign_activation
from licet.wiring.home import find_home, read_key

if TYPE_CHECKING:
    from licet.policy.compiled import CompiledBundle

_NONCE_BYTES = 16


class Step(NamedTuple):
    """What would be switched to, and from what."""

    version: int
    parent: Digest | None


@click.command(
    "activate",
    cls=Verb,
    short_help="Make a bundle the active version.",
    examples=(
        "licet policy activate home/bundle --home home",
        'licet policy activate --confirm 4 --reason "raise the limit, FIN-7"',
    ),
)
@click.argument("folder", metavar="[DIR]", required=False)
@click.option(
    "--confirm", type=int, metavar="VERSION", help="The version this makes active; asked for on a terminal."
)
@click.option("--reason", metavar="TEXT", help="Why; required to go back to an earlier bundle.")
@click.option("--root-key", metavar="FILE", help="The root key (else HOME/data/keys/root.pem).")
@reaching
@click.pass_context
def activate(
    ctx: click.Context,
    *,
    folder: str | None,
    confirm: int | None,
    reason: str | None,
    root_key: str | None,
    reach: Reach,
) -> int:
    """Check and test the bundle in DIR (else the home's `bundle/`), sign with the root key, activate.

    The version number must be typed: it is what every later receipt names.
    """
    talk = talk_of(ctx)
    source = _source(folder, reach, talk)
    files = read_bundle(source)
    try:
        compiled = build_bundle(Bundle.from_files(files))
    except PolicyInvalid as error:
        tell_findings(talk, error.findings, files)
        return Exit.POLICY_INVALID
    results = run(compiled)
    if any(not result.passed for result in results):
        tell(talk, results, compiled)
        return Exit.POLICY_TESTS_FAILED
    key = read_key(
        Path(root_key) if root_key else find_home(reach.home, talk.environment, Path.cwd()).key("root")
    )
    with connected(reach, talk.environment) as line:
        step = next_step(line, compiled)
        talk.say(f"{source}: {len(compiled.policies)} policies, {len(results)} tests hold")
        talk.say(f"  from      {_named(step)}")
        talk.say(f"  to        {compiled.head.name} version {step.version}, {compiled.digest}")
        _demand_confirmed(confirm, step.version)
        line.post("/v1/bundles", compiled.bundle.pack(), content_type="application/x-tar")
        activation = Activation(
            bundle=compiled.head.name,
            version=step.version,
            digest=compiled.digest,
            parent=step.parent,
            reason=reason,
        )
        statement = sign_activation(
            key, activation, issued_s=SystemClock().now().unix_s, nonce=secrets.token_hex(_NONCE_BYTES)
        )
        body = canonical_bytes({"statement": statement})
        answer = line.post(f"/v1/bundles/{compiled.digest}/activate", body)
    if talk.json:
        talk.data({"schema": "licet/activation/v1", **answer})
        return Exit.DONE
    talk.out(good("done"), f"  {text_of(answer, 'bundle')} version {count_of(answer, 'version')} is active")
    talk.out(f"  receipt   {text_of(answer, 'receipt_id')}, index {count_of(answer, 'index')}")
    talk.say("from this leaf on every decision uses it")
    return Exit.DONE


def next_step(line: Line, compiled: CompiledBundle) -> Step:
    """The version that activating would make, against what is active now.

    Raises:
        Usage: this very bundle is active.
    """
    active = line.get("/v1/bundles").get("active")
    if not isinstance(active, dict):
        return Step(1, None)
    digest, version = text_of(active, "digest"), count_of(active, "version")
    if digest == compiled.digest:
        raise Usage(
            f"this bundle is active already, as version {version}",
            mend="change the bundle, or leave it as it is",
        )
    return Step(version + 1, Digest(digest))


def _source(folder: str | None, reach: Reach, talk: Talk) -> Path:
    if folder is None and reach.home is not None:
        return find_home(reach.home, talk.environment, Path.cwd()).bundle
    return bundle_folder(folder, talk)


def _named(step: Step) -> str:
    return "nothing" if step.parent is None else f"version {step.version - 1}, {step.parent}"


def _demand_confirmed(confirm: int | None, version: int) -> None:
    typed = confirm
    if typed is None and sys.stdin.isatty():
        typed = click.prompt(f"type the version to activate ({version})", type=int, err=True)
    if typed is None:
        raise Usage("the version was not confirmed", mend=f"add `--confirm {version}`")
    if typed != version:
        raise Usage(
            f"{typed} was typed, but this would make version {version}",
            mend=f"`--confirm {version}`, if you mean it",
        )
