"""`licet policy test`: run a bundle's own tests; a failure says what was asked, expected and got."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

import click

from licet.cli.bundle_files import read_bundle
from licet.cli.exits import Exit
from licet.cli.options import Verb, talk_of
from licet.cli.policy_check import bundle_folder, tell_findings
from licet.cli.talk import Talk, bad, good
from licet.errors import PolicyInvalid, Usage
from licet.policy.build import build_bundle
from licet.policy.bundle import Bundle
from licet.policy.testing import CaseResult, render, run
from licet.protocol.visible import visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from licet.policy.compiled import CompiledBundle
    from licet.protocol.types import JsonValue

_TEXT_CHARS_MAX = 100_000


@click.command(
    "test",
    cls=Verb,
    short_help="Run the tests that a bundle carries.",
    examples=(
        "licet policy test",
        "licet policy test home/bundle --filter 'limits/800*'",
        "licet policy test --junit out.xml",
    ),
)
@click.argument("folder", metavar="[DIR]", required=False)
@click.option(
    "--filter", "pattern", metavar="PATTERN", default="*", help="Tests whose file/name match (* and ?)."
)
@click.option("--junit", metavar="FILE", help="Write JUnit XML as well.")
@click.pass_context
def test(ctx: click.Context, *, folder: str | None, pattern: str, junit: str | None) -> int:
    """Build the bundle in DIR (else the home's `bundle/`) and run its tests. Nothing is activated.

    Exit 21 when a test fails, 20 when the bundle cannot be built.
    """
    talk = talk_of(ctx)
    files = read_bundle(bundle_folder(folder, talk))
    try:
        compiled = build_bundle(Bundle.from_files(files))
    except PolicyInvalid as error:
        tell_findings(talk, error.findings, files)
        return Exit.POLICY_INVALID
    results = run(compiled, pattern)
    if not results and pattern != "*":
        # A filter that matches nothing must not look like tests that passed.
        raise Usage(
            f"no test matches `{pattern}`",
            mend="the pattern is matched against file/name, * and ? stand for any",
        )
    if junit is not None:
        _write_junit(Path(junit), results, compiled)
    failed = tell(talk, results, compiled)
    return Exit.POLICY_TESTS_FAILED if failed else Exit.DONE


def tell(talk: Talk, results: Sequence[CaseResult], compiled: CompiledBundle) -> int:
    """Every failure in full, then the count; gives the number that failed."""
    failures = [result for result in results if not result.passed]
    if talk.json:
        talk.data(
            {
                "schema": "licet/policy-test/v1",
                "passed": len(results) - len(failures),
                "failed": len(failures),
                "cases": [_document(result) for result in results],
            }
        )
        return len(failures)
    for result in failures:
        first, *rest = render(result, compiled).splitlines()
        talk.out(bad("FAIL"), first.removeprefix("FAIL"))
        for line in rest:
            talk.out(line)
        talk.out("")
    word = bad("failed") if failures else good("done")
    talk.out(word, f"  {len(results) - len(failures)} of {len(results)} tests hold")
    return len(failures)


def _document(result: CaseResult) -> dict[str, JsonValue]:
    decision = result.decision
    return {
        "test": result.case.label(),
        "file": result.case.place.file,
        "line": result.case.place.line,
        "passed": result.passed,
        "outcome": decision.outcome.value,
        "reason": decision.reason.value,
        "policies": list(decision.determining),
        "unmet": list(result.unmet),
    }


def _write_junit(path: Path, results: Sequence[CaseResult], compiled: CompiledBundle) -> None:
    failed = sum(not result.passed for result in results)
    counts = f'tests="{len(results)}" failures="{failed}" errors="0" skipped="0"'
    lines = [
        '<?xml version="1.0" encoding="utf-8"?>',
        f"<testsuites><testsuite name={quoteattr(compiled.head.name)} {counts}>",
        *(_junit_case(result, compiled) for result in results),
        "</testsuite></testsuites>",
    ]
    try:
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    except OSError as error:
        raise Usage(
            f"`{path}` cannot be written: {(error.strerror or '').lower()}",
            mend="name another file with --junit",
        ) from error


def _junit_case(result: CaseResult, compiled: CompiledBundle) -> str:
    file, _, name = result.case.label().partition("/")
    opening = f"<testcase classname={quoteattr(visible(file))} name={quoteattr(visible(name))}"
    if result.passed:
        return f"{opening}/>"
    # XML has no place for control characters, not even escaped ones.
    lines = [visible(line, chars_max=_TEXT_CHARS_MAX) for line in render(result, compiled).splitlines()]
    told = escape("\n".join(lines))
    return f'{opening}><failure message="expectation not met">{told}</failure></testcase>'
