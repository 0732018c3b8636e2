"""`licet policy check`: build a bundle and show every finding at once, with its place and its mend."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from licet.cli.bundle_files import read_bundle
from licet.cli.exits import Exit
from licet.cli.options import Verb, talk_of
from licet.cli.talk import Talk, bad, good, pale
from licet.errors import HomeMissing, PolicyInvalid
from licet.policy.build import build_bundle
from licet.policy.bundle import Bundle
from licet.policy.findings import Finding, render_all
from licet.wiring.home import find_home

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from licet.policy.compiled import CompiledBundle
    from licet.protocol.types import JsonValue


@click.command(
    "check",
    cls=Verb,
    short_help="Build a bundle and show every finding at once.",
    examples=("licet policy check", "licet policy check home/bundle --json"),
)
@click.argument("folder", metavar="[DIR]", required=False)
@click.pass_context
def check(ctx: click.Context, *, folder: str | None) -> int:
    """Build the bundle in DIR (else the home's `bundle/`) and show every finding. Nothing is activated.

    Exit 20 when it cannot be built; warnings alone are exit 0.
    """
    talk = talk_of(ctx)
    files = read_bundle(bundle_folder(folder, talk))
    try:
        compiled = build_bundle(Bundle.from_files(files))
    except PolicyInvalid as error:
        tell_findings(talk, error.findings, files)
        return Exit.POLICY_INVALID
    if talk.json:
        talk.data({**_summary(compiled), "findings": _documents(compiled.warnings)})
        return Exit.DONE
    if compiled.warnings:
        _render(talk, compiled.warnings, files)
    told = (
        f"{len(compiled.policies)} policies, {len(compiled.surfaces)} surfaces, {len(compiled.cases)} tests"
    )
    talk.out(
        good("done"),
        f"  {compiled.head.name} {compiled.head.label}: {told}, {len(compiled.warnings)} warnings",
    )
    talk.out(f"  {compiled.digest}")
    return Exit.DONE


def bundle_folder(folder: str | None, talk: Talk) -> Path:
    """The bundle that a command means: DIR, else this folder if it is one, else the home's."""
    here = Path.cwd()
    if folder is not None:
        return Path(folder)
    if (here / "bundle.toml").is_file():
        return here
    try:
        return find_home(None, talk.environment, here).bundle
    except HomeMissing as error:
        raise HomeMissing(
            "no bundle was named, and this folder is neither a bundle nor a home",
            mend="name the bundle's folder: `licet policy check HOME/bundle`",
        ) from error


def tell_findings(talk: Talk, findings: Sequence[object], files: Mapping[str, bytes]) -> None:
    """Every finding of a bundle that cannot be built."""
    if talk.json:
        talk.data({"schema": "licet/policy-check/v1", "findings": _documents(findings)})
        return
    _render(talk, findings, files)
    errors = sum(isinstance(finding, Finding) and finding.severity == "error" for finding in findings)
    talk.out(bad("invalid"), f"  {errors} errors; the active version is untouched")


def _render(talk: Talk, findings: Sequence[object], files: Mapping[str, bytes]) -> None:
    own = tuple(finding for finding in findings if isinstance(finding, Finding))
    for line in render_all(own, files).replace("\t", " ").splitlines():
        head, mark, rest = line.partition("]: ")
        if mark and head.startswith("error["):
            talk.out(bad(f"{head}]"), f": {rest}")
        elif mark and head.startswith("warning["):
            talk.out(pale(f"{head}]"), f": {rest}")
        else:
            talk.out(line)
    talk.out("")


def _documents(findings: Sequence[object]) -> list[JsonValue]:
    return [dict(finding.document()) for finding in findings if isinstance(finding, Finding)]


def _summary(compiled: CompiledBundle) -> dict[str, JsonValue]:
    return {
        "schema": "licet/policy-check/v1",
        "name": compiled.head.name,
        "label": compiled.head.label,
        "digest": compiled.digest,
        "surfaces": [str(name) for name in compiled.surfaces],
        "policies": len(compiled.policies),
        "tests": len(compiled.cases),
    }
