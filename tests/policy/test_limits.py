"""Every bound of a bundle, on both sides, and the refusals that need one out of the ordinary."""

from __future__ import annotations

import json

import pytest

from licet.errors import PolicyInvalid
from licet.policy import language, limits
from licet.policy.build import build_bundle
from licet.policy.bundle import Bundle
from licet.policy.engine import EngineFailure
from licet.policy.findings import Findings
from licet.policy.toml_source import Keys, read_toml
from sample_bundles import CASE, PERMIT, SURFACE, compiled, small, small_files

FIELD = '{ type = "bool" }'


def messages(files: dict[str, bytes]) -> list[str]:
    """What the findings say; empty when the bundle builds."""
    try:
        compiled(files)
    except PolicyInvalid as refused:
        return [finding.message for finding in refused.findings if finding.severity == "error"]
    return []


def surface_with(old: str, new: str) -> dict[str, bytes]:
    return small_files(policies="", tests="", surface=SURFACE.replace(old, new, 1))


def names(prefix: str, count: int) -> list[str]:
    return [f"{prefix}{number}" for number in range(count)]


def team(name: str) -> dict[str, str]:
    return {"type": "Team", "id": name}


def rule(condition: str) -> dict[str, bytes]:
    return small_files(policies=f"{PERMIT.partition('when')[0]}when {{ {condition} }};", tests="")


def annotations(count: int) -> dict[str, bytes]:
    return small_files(policies="".join(f'@a{number}("")' for number in range(count - 2)) + PERMIT)


def actions(count: int) -> dict[str, bytes]:
    return surface_with('["open"]', json.dumps(names("a", count)))


def groups(count: int) -> dict[str, bytes]:
    return surface_with("[parameters]", f"groups = {json.dumps(names('g', count))}\n[parameters]")


def fields(count: int) -> dict[str, bytes]:
    return surface_with(
        "[context]", "\n".join(f"{name} = {FIELD}" for name in names("f", count - 2)) + "\n[context]"
    )


def facts(count: int) -> dict[str, bytes]:
    lines = "\n".join(f'{name} = {{ provider = "clock" }}' for name in names("f", count))
    return surface_with("[context]", f"[facts]\n{lines}\n[context]")


def enum(count: int) -> dict[str, bytes]:
    return surface_with("max_length = 8", f"enum = {json.dumps(names('e', count))}")


def depth(count: int) -> dict[str, bytes]:
    nested = FIELD
    for _ in range(count - 1):
        nested = f'{{ type = "set", items = {nested} }}'
    return surface_with("count =", f"deep = {nested}\ncount =")


def reason(count: int) -> dict[str, bytes]:
    return small_files(policies=PERMIT.replace("A few may be opened", "x" * count))


def obligations(count: int) -> dict[str, bytes]:
    return small_files(policies=f'@obligation("{",".join(names("o", count))}")\n{PERMIT}')


def owners(count: int) -> dict[str, bytes]:
    head = small_files()["bundle.toml"].decode() + f"owners = {json.dumps(names('o', count))}\n"
    return small_files(more={"bundle.toml": head.encode()})


def hours(count: int) -> dict[str, bytes]:
    ranges = [f"00:{2 * n:02}-00:{2 * n + 1:02}" for n in range(count)]
    return small_files(
        more={"calendars/c.toml": f'[calendar]\nname = "c"\n[hours]\nmonday = {json.dumps(ranges)}'.encode()}
    )


def freezes(count: int) -> dict[str, bytes]:
    one = '[[freeze]]\nfrom = "2026-01-01T00:00:00Z"\nuntil = "2026-01-02T00:00:00Z"\n'
    return small_files(more={"calendars/c.toml": f'[calendar]\nname = "c"\n{one * count}'.encode()})


BOUNDS = {
    "actions": (actions, limits.ACTIONS_MAX),
    "groups": (groups, limits.GROUPS_MAX),
    "fields": (fields, limits.FIELDS_MAX),
    "facts": (facts, limits.FACTS_MAX),
    "enum": (enum, limits.ENUM_MAX),
    "nesting of types": (depth, limits.FIELD_DEPTH_MAX),
    "reason": (reason, limits.TEXT_CHARS_MAX),
    "obligations": (obligations, 256),
    "owners": (owners, 64),
    "hours of a day": (hours, limits.RANGES_PER_DAY_MAX),
    "freezes": (freezes, limits.FREEZES_MAX),
}


@pytest.mark.parametrize("name", sorted(BOUNDS))
def test_a_bound_holds_on_both_sides(name):
    make, bound = BOUNDS[name]

    assert messages(make(bound)) == []
    assert messages(make(bound + 1)) != []


@pytest.mark.parametrize(
    ("limit", "files", "said"),
    [
        (
            "SURFACES_MAX",
            small_files(more={"surfaces/b.toml": SURFACE.replace("door.open", "b").encode()}),
            "2 surfaces",
        ),
        ("POLICIES_MAX", small_files(), "more than 1 policies"),
        (
            "MEMBERSHIPS_MAX",
            small_files(
                more={
                    "entities/e.json": json.dumps(
                        [
                            {"uid": team("a"), "parents": [team("b")]},
                            {"uid": team("c"), "parents": [team("b")]},
                        ]
                    ).encode()
                }
            ),
            "more than 1 memberships",
        ),
        ("CASES_MAX", small_files(tests=CASE + CASE.replace("five", "six")), "2 tables `case`"),
        (
            "ENTITIES_MAX",
            small_files(
                more={
                    "entities/e.json": json.dumps(
                        [{"uid": {"type": "Team", "id": name}, "parents": []} for name in "ab"]
                    ).encode()
                }
            ),
            "too many entities",
        ),
    ],
)
def test_a_large_bound_holds_on_both_sides(monkeypatch, limit, files, said):
    monkeypatch.setattr(limits, limit, 2)
    assert messages(files) == []

    monkeypatch.setattr(limits, limit, 1)
    assert any(said in message for message in messages(files))


def test_cases_of_many_files_are_counted_together(monkeypatch):
    monkeypatch.setattr(limits, "CASES_MAX", 1)

    found = messages(small_files(more={"tests/more.toml": CASE.encode()}))

    assert "2 cases" in found


def test_a_member_of_nested_teams_is_counted_in_each(monkeypatch):
    monkeypatch.setattr(limits, "MEMBERSHIPS_MAX", 5)
    chain = [{"uid": team(f"t{number}"), "parents": [team(f"t{number + 1}")]} for number in range(3)]
    files = small_files(more={"entities/e.json": json.dumps(chain).encode()})

    assert any("more than 5 memberships" in message for message in messages(files))  # 3 + 2 + 1


@pytest.mark.parametrize(
    "condition",
    [
        "(" * 5_000 + "true" + ")" * 5_000,
        "[" * 5_000 + "]" * 5_000 + ".isEmpty()",
        "{a: " * 5_000 + "1" + "}" * 5_000 + " has a",
        "if true then " * 5_000 + "true" + " else false" * 5_000,
        " && ".join(["true"] * 5_000),
        "+".join("1" * 5_000) + " == 1",
        "context" + ".a" * 5_000,
        "context" + '["a"]' * 5_000,
        "[1]" + ".contains(1)" * 5_000,
        "(" * 40 + "+1)".join(["1"] + ["+1" * 100] * 40),
        "[" * 40 + ", 1]".join(["1"] + [" == 1" * 100] * 40),
    ],
    ids=[
        "parentheses",
        "sets",
        "records",
        "ifs",
        "ands",
        "sums",
        "members",
        "keys",
        "calls",
        "mixed",
        "listed",
    ],
)
def test_a_rule_that_would_overrun_the_parser_is_refused_at_its_place(condition):
    assert messages(rule(condition)) == ["the rule is nested too deep to be parsed"]


def test_a_long_rule_that_is_not_deep_is_parsed():
    listed = ", ".join(f'"x{number}"' for number in range(5_000))
    clause = " && ".join(f"context.parameters.count != {number}" for number in range(80))

    assert messages(rule(f"context.request has ticket && [{listed}].contains(context.request.ticket)")) == []
    assert messages(rule("} when { ".join([clause] * 20))) == []
    assert messages(rule("(" * 60 + "true // ((((((\n" + ")" * 60 + ' && "((((((((" != ""')) == []


@pytest.mark.parametrize(("count", "said"), [(64, "is unknown"), (65, "more than 64 names joined by dots")])
def test_a_dotted_name_has_a_bound(count, said):
    name = " . ".join(["a", '"b"', "'c'", *"d" * (count - 3)])

    (message,) = messages(small_files(more={"tests/more.toml": f"{name} = 1".encode()}))

    assert said in message


def test_too_many_rules_are_refused_before_any_is_parsed(monkeypatch):
    monkeypatch.setattr(limits, "POLICIES_MAX", 100)

    assert messages(small_files(policies=";" * 50_000)) == ["more than 100 policies"]


def test_a_file_of_faults_is_refused_in_time_and_shows_the_first_ones():
    found = messages(small_files(more={"tests/more.toml": b"a = [" + b"1.5," * 100_000 + b"]"}))

    assert len(found) == limits.FINDINGS_SHOWN_MAX


@pytest.mark.parametrize(
    "line", ["[a" + " " * 200_000, "[" + "a " * 100_000, "a" * 200_000, "a" + " " * 200_000]
)
def test_a_long_line_in_a_text_costs_no_more_than_its_length(line):
    document = f'why = """\n{line}\n"""\n'.encode()

    assert messages(small_files(more={"tests/more.toml": document})) == [
        "the key `why` is unknown in `the file`"
    ]


def test_a_toml_document_too_deep_to_walk_is_refused():
    document = b"x = " + b"{%s = " % b".".join([b"a"] * 64) * 40 + b"1" + b"}" * 40

    assert messages(small_files(more={"tests/more.toml": document})) == ["not TOML: nested too deep"]


def test_a_statement_that_only_the_scanner_sees_is_refused(monkeypatch):
    scan = language.split_statements
    monkeypatch.setattr(language, "split_statements", lambda *given: scan(*given)[:1])

    assert messages(small_files()) == ["the statements cannot be told apart"]


class Refusing:
    """An engine that refuses every slice."""

    evaluator = reference = "refusing/1"

    def compile(self, slices: object) -> object:
        message = "the engine refuses"
        raise EngineFailure(message)


def test_what_only_the_engine_refuses_is_a_finding_too():
    with pytest.raises(PolicyInvalid) as caught:
        build_bundle(small().bundle, Refusing())

    assert [(one.code, one.message) for one in caught.value.findings] == [("POL099", "the engine refuses")]


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        (b"a = 1\nb = ", 2, "invalid value"),
        (b"a = [", 1, "invalid value"),
        (b'a = """', 1, "unterminated string"),
        (b"a = " + b"[" * 5000 + b"]" * 5000, 1, "nested too deep"),
        (b"a = " + b"9" * 5000, 1, "not TOML"),
        (b"a = 9007199254740992", 1, "beyond"),
        (b"a = [1, 1.5]", 1, "a float"),
        (b"\na = { b = 10:00:00 }", 2, "a date or time"),
    ],
)
def test_a_document_outside_toml_or_the_profile_is_refused_with_its_line(text, line, said):
    findings = Findings()

    assert read_toml("x.toml", text, findings) is None
    assert findings.all()[0].line == line
    assert said in findings.all()[0].message
    assert findings.all()[0].mend


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("[parameters]", "double_check = 1\n[parameters]", "neither true nor false"),
        ('name = "door.open"', "name = 1", "not a string"),
        ('name = "door.open"', 'name = ""', "0 characters"),
        ('name = "door.open"', f'name = "{"a" * 129}"', "129 characters"),
        ("[context]", "[facts]\nx = 1\n[context]", "not a table"),
        ("[context]", '[facts]\nbad-name = { provider = "clock" }\n[context]', "cannot name a fact"),
        ("[parameters]", "[surface.action_groups]\nopen = 1\n[parameters]", "not an array of strings"),
    ],
)
def test_a_value_of_another_type_is_refused(old, new, said):
    found = messages(surface_with(old, new))

    assert any(said in message for message in found), found


@pytest.mark.parametrize(
    ("tests", "said"),
    [
        ("case = 1", "not an array of tables"),
        (
            "[[case]]\nname = 'a'\nrequest = 1\nfacts = 1\nexpect = { outcome = 'DENY' }",
            "where an object belongs",
        ),
        ("defaults = 1", "not a table"),
    ],
)
def test_a_case_of_another_shape_is_refused(tests, said):
    assert any(said in message for message in messages(small_files(tests=tests)))


def test_a_date_that_does_not_exist_is_no_holiday():
    calendar = b'[calendar]\nname = "c"\n[holidays]\ndates = ["2026-2-3", "2026-02-30"]'

    found = messages(small_files(more={"calendars/c.toml": calendar}))

    assert [message.split("`")[1] for message in found] == ["2026-02-30", "2026-2-3"]


def test_the_error_of_a_bundle_tells_its_first_finding_and_how_many_follow():
    with pytest.raises(PolicyInvalid, match=r"README\.md:1:1: .* no place in a bundle, and 1 more"):
        build_bundle(Bundle.from_files({"README.md": b""}))


def test_a_missing_number_is_told_once():
    findings = Findings()
    source = read_toml("x.toml", b"", findings)

    assert Keys(source, (), source.document, findings).integer("count", low=1) == 1
    assert [finding.code for finding in findings.all()] == ["POL023"]
