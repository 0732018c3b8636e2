"""The payments starter: what `init` gives people must hold, and every rule of it must be tested."""

from __future__ import annotations

import re

import pytest

from licet.errors import PolicyInvalid
from licet.policy.findings import Findings
from licet.policy.statements import split_statements
from licet.policy.testing import run
from sample_bundles import compiled, starter_files

RULES = sorted(compiled(starter_files()).policies)
CODE = re.compile(r'//[^\n]*|"[^"]*"|([0-9]+)')
NUMBERS = [
    (path, match.span(1))
    for path, content in starter_files().items()
    if path.endswith(".cedar")
    for match in CODE.finditer(content.decode())
    if match.group(1)
]
"""Every number of the rules, outside comments and strings: its file and its stretch."""


def changed(path: str, old: str, new: str) -> dict[str, bytes]:
    files = starter_files()
    text = files[path].decode()
    assert text.count(old) == 1, (path, old)
    return {**files, path: text.replace(old, new).encode()}


def failures(files: dict[str, bytes]) -> list[str]:
    return [result.case.label() for result in run(compiled(files)) if not result.passed]


def test_the_starter_builds_without_a_warning_and_its_tests_hold():
    built = compiled(starter_files())

    assert built.warnings == ()
    assert len(built.cases) >= 20
    assert failures(starter_files()) == []


def test_every_rule_says_who_owns_it_and_why():
    for rule in compiled(starter_files()).policies.values():
        assert rule.notes.reason
        assert rule.notes.owner
        assert rule.notes.control


def test_at_least_three_forbids_override_a_permit():
    built = compiled(starter_files())
    by_forbid = {
        name
        for result in run(built)
        for name in result.decision.determining
        if built.policies[name].effect == "forbid"
    }

    assert len(by_forbid) >= 3


@pytest.mark.parametrize("rule", RULES)
def test_a_deleted_rule_turns_a_test_red(rule):
    files = starter_files()
    for path, content in starter_files().items():
        if not path.endswith(".cedar"):
            continue
        kept = [
            one.text
            for one in split_statements(path, content, Findings())
            if f'@id("{rule}")' not in one.text
        ]
        files[path] = "\n".join(kept).encode()

    assert rule not in compiled(files).policies
    assert failures(files)


@pytest.mark.parametrize("place", NUMBERS, ids=str)
@pytest.mark.parametrize("step", [-1, 1])
def test_a_number_moved_by_one_turns_a_test_red(place, step):
    path, (start, end) = place
    text = starter_files()[path].decode()
    moved = f"{text[:start]}{int(text[start:end]) + step}{text[end:]}"

    assert failures({**starter_files(), path: moved.encode()})


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("surfaces/payments.toml", "min = 1,", "min = 0,"),
        ("surfaces/payments.toml", "max = 100_000_000", "max = 99_999_999"),
        ("surfaces/payments.toml", "max = 100_000_000", "max = 100_000_001"),
        ("calendars/finance.toml", 'monday = ["06:00-18:00"]', 'monday = ["05:59-18:00"]'),
        ("calendars/finance.toml", 'monday = ["06:00-18:00"]', 'monday = ["06:01-18:00"]'),
        ("calendars/finance.toml", 'monday = ["06:00-18:00"]', 'monday = ["06:00-18:01"]'),
        ("calendars/finance.toml", 'monday = ["06:00-18:00"]', 'monday = ["06:00-17:59"]'),
        ("calendars/finance.toml", 'from = "2026-12-30T18:00:00Z"', 'from = "2026-12-30T18:00:01Z"'),
        ("calendars/finance.toml", 'until = "2027-01-04T06:00:00Z"', 'until = "2027-01-04T06:00:01Z"'),
        ("calendars/finance.toml", '"2026-12-25", ', ""),
    ],
)
def test_an_edge_of_the_declaration_moved_by_one_turns_a_test_red(path, old, new):
    assert failures(changed(path, old, new))


def test_without_its_policies_the_starter_is_a_bundle_that_permits_nothing():
    files = {
        path: content
        for path, content in starter_files().items()
        if not path.startswith(("policies/", "tests/"))
    }

    built = compiled(files)

    assert built.policies == {}
    assert [finding.code for finding in built.warnings] == ["POL042"]


def test_the_cap_of_the_declaration_bounds_what_can_be_asked():
    with pytest.raises(PolicyInvalid):
        compiled(changed("surfaces/payments.toml", "max = 100_000_000", "max = 0"))
