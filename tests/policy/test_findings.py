"""Findings as people and programs read them, and the warnings that do not refuse."""

from __future__ import annotations

import pytest

from licet.errors import PolicyInvalid
from licet.policy.findings import Findings, Place, render, render_all
from sample_bundles import CASE, PERMIT, SURFACE, compiled, small_files


def test_a_finding_shows_the_line_the_place_and_the_mend():
    files = small_files(policies=PERMIT.replace(".count", ".cont"))
    with pytest.raises(PolicyInvalid) as caught:
        compiled(files)

    shown = render(caught.value.findings[0], files)

    where = "on the surface `door.open`"
    assert shown.splitlines() == [
        f'error[POL012]: attribute `parameters.cont` in context for Action::"open" not found, {where}',
        "  --> policies/door.cedar:4:27",
        "   |  when { context.parameters.cont <= 10 };",
        "   |                            ^^^^",
        "  mend: did you mean `parameters.count`?            more: licet help POL012",
    ]


def test_a_finding_has_the_members_that_programs_read():
    files = small_files(policies=PERMIT.replace(".count", ".cont"))
    with pytest.raises(PolicyInvalid) as caught:
        compiled(files)

    document = caught.value.findings[0].document()

    assert set(document) == {
        "code",
        "severity",
        "file",
        "line",
        "col",
        "end_col",
        "statement",
        "message",
        "mend",
    }
    assert document["statement"] == "open-few"
    assert document["end_col"] == 31


def test_a_long_list_ends_in_a_count():
    findings = Findings()
    for line in range(1, 24):
        findings.error("POL001", Place(file="a.cedar", line=line), "x", "y")

    assert render_all(findings.all(), {}).endswith("and 3 more findings")
    assert "more findings" not in render_all(findings.all()[:20], {})


def test_a_code_outside_the_list_is_a_bug():
    with pytest.raises(ValueError, match="POL777"):
        Findings().error("POL777", Place(file="a"), "x", "y")


def test_a_finding_without_its_file_is_shown_all_the_same():
    findings = Findings()
    findings.error("POL023", Place(file="bundle.toml"), "missing", "write it")

    assert "bundle.toml:1:1" in render(findings.all()[0], {})


@pytest.mark.parametrize(
    ("files", "code"),
    [
        (
            small_files(
                policies=PERMIT.replace(
                    'action == Action::"open", resource == Surface::"door.open"', "action, resource"
                )
            ),
            "POL040",
        ),
        (small_files(policies=PERMIT.replace("permit", "forbid")), "POL041"),
        (
            small_files(tests=CASE.replace("door.open", "door.other").replace('"PERMIT"', '"SILENCE"')),
            "POL042",
        ),
    ],
)
def test_a_warning_is_told_and_does_not_refuse(files, code):
    warnings = compiled(files).warnings

    assert [one.code for one in warnings] == [code]
    assert warnings[0].severity == "warning"
    assert warnings[0].mend


def test_a_bundle_of_surfaces_alone_is_whole_and_unwarned():
    files = {path: content for path, content in small_files().items() if not path.startswith("policies/")}

    assert compiled(files).warnings == ()
    assert compiled(files).policies == {}


def test_a_warning_stands_beside_the_errors():
    other = SURFACE.replace("door.open", "door.other")
    files = small_files(
        policies=PERMIT.replace(".count", ".cont"), more={"surfaces/other.toml": other.encode()}
    )
    with pytest.raises(PolicyInvalid) as caught:
        compiled(files)

    assert [one.severity for one in caught.value.findings] == ["error", "warning", "warning"]
