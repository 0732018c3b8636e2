"""Bundles that cannot be built: each fault with its code, its place and a mend, all faults at once."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from licet.errors import PolicyInvalid
from licet.policy.findings import CODES, Finding
from sample_bundles import FORBID, SURFACE, compiled, small_files

HERE = Path(__file__).resolve().parent
SCOPE = 'permit (principal, action == Action::"open", resource == Surface::"door.open")'


def rule(condition: str, *, scope: str = SCOPE, head: str = '@id("r")') -> str:
    return f"{head}\n{scope}\nwhen {{ {condition} }};\n"


def findings(files: dict[str, bytes]) -> tuple[Finding, ...]:
    with pytest.raises(PolicyInvalid) as caught:
        compiled(files)
    return caught.value.findings


def rows(name: str) -> dict[str, dict[str, object]]:
    """The rows of one table of broken bundles, by their names."""
    (table,) = tomllib.loads((HERE / f"broken_{name}.toml").read_text(encoding="utf-8")).values()
    return {row["name"]: row for row in table}


RULES, SURFACES, FILES = rows("rules"), rows("surfaces"), rows("files")
LATIN = b"\xff"
UNREADABLE = (
    "bundle.toml",
    "surfaces/door.toml",
    "policies/more.cedar",
    "calendars/c.toml",
    "tests/door.toml",
)


@pytest.mark.parametrize("name", sorted(RULES))
def test_a_broken_rule_is_named_with_its_place_and_mend(name):
    row = RULES[name]

    found = [one for one in findings(small_files(policies=row["text"])) if one.code == row["code"]]

    assert found
    first = found[0]
    assert (first.file, first.line, first.severity) == ("policies/door.cedar", row["line"], "error")
    line = row["text"].split("\n")[first.line - 1]
    assert line[first.col - 1 : first.end_col - 1].startswith(row["marked"])
    assert first.mend
    assert first.message[0] == first.message[0].lower()
    assert not first.message.endswith(".")


@pytest.mark.parametrize("name", sorted(SURFACES))
def test_a_broken_declaration_is_named_with_its_place_and_mend(name):
    row = SURFACES[name]
    assert row["old"] in SURFACE

    found = findings(small_files(surface=SURFACE.replace(row["old"], row["new"], 1)))

    places = [(one.code, one.file, one.line) for one in found if one.mend]
    assert (row["code"], "surfaces/door.toml", row["line"]) in places


@pytest.mark.parametrize("name", sorted(FILES))
def test_a_broken_file_is_named_with_its_place_and_mend(name):
    row = FILES[name]
    more = {path: text.encode() for path, text in row["files"].items()}

    found = findings(small_files(more=more))

    assert (row["code"], row["place"], row["line"]) in [
        (one.code, one.file, one.line) for one in found if one.mend
    ]


@pytest.mark.parametrize("path", UNREADABLE)
def test_a_file_in_another_encoding_is_refused(path):
    found = findings(small_files(more={path: LATIN}))

    assert ("POL021", path) in [(one.code, one.file) for one in found]


def test_a_bundle_without_its_head_is_refused():
    files = small_files()
    del files["bundle.toml"]

    assert [(one.code, one.file) for one in findings(files)] == [("POL023", "bundle.toml")]


def test_all_faults_are_told_at_once_in_file_order():
    broken = small_files(
        policies=f"{SCOPE};\n" + FORBID.replace('@reason("Nobody opens many")\n', ""),
        surface=SURFACE.replace("audience", "audeince"),
        more={"README.md": b"x"},
    )

    found = findings(broken)

    assert [one.code for one in found] == ["POL020", "POL002", "POL005", "POL023", "POL022"]
    assert [one.file for one in found] == sorted(one.file for one in found)


def test_a_rule_that_is_not_cedar_hides_no_fault_of_another():
    broken = small_files(
        policies=rule("1 <") + rule("context.parameters.cont > 1", head='@id("s")'),
        more={"README.md": b"x"},
    )

    assert [one.code for one in findings(broken) if one.severity == "error"] == ["POL020", "POL001", "POL012"]


def test_a_rule_is_validated_on_every_surface_it_can_meet():
    other = SURFACE.replace("door.open", "door.other").replace("count =", "number =")
    wide = rule(
        "context.parameters.count > 1", scope='permit (principal, action, resource in SurfaceGroup::"door")'
    )

    found = findings(small_files(policies=wide, more={"surfaces/other.toml": other.encode()}))

    errors = [one for one in found if one.severity == "error"]
    assert [one.code for one in errors] == ["POL012"]
    assert "door.other" in errors[0].message
    assert errors[0].statement == "r"


def test_a_rule_may_list_actions_of_several_surfaces():
    other = SURFACE.replace("door.open", "gate.close").replace('["open"]', '["close"]')
    scope = 'permit (principal, action in [Action::"open", Action::"close"], resource)'
    both = rule("true", scope=scope)

    built = compiled(small_files(policies=both, more={"surfaces/gate.toml": other.encode()}))

    assert [list(surface.policies) for surface in built.surfaces.values()] == [["r"], ["r"]]


def test_every_code_that_refuses_is_expected_by_a_row():
    expected = {str(row["code"]) for table in (RULES, SURFACES, FILES) for row in table.values()}

    assert len(RULES) + len(SURFACES) + len(FILES) > 100
    assert set(CODES) - expected == {"POL040", "POL041", "POL042", "POL099"}
