"""Running a bundle's own tests, and what a failure looks like."""

from __future__ import annotations

from licet.policy.testing import render, run
from sample_bundles import CASE, FORBID, PERMIT, compiled, small_files, starter_files

FAILING = """\
[[case]]
name = "sixty is permitted"
facts = { now = "2026-11-23T09:00:00Z" }
expect = { outcome = "PERMIT", reason = "permitted", policies = ["open-few"] }
[case.request]
surface = "door.open"
action = "open"
actor = { type = "agent", id = "a" }
target = { type = "lock", id = "7" }
parameters = { count = 60 }
context = { ticket = "T-1" }
"""


def results(tests: str, policies: str = PERMIT + FORBID):
    built = compiled(small_files(tests=tests, policies=policies))
    return built, run(built)


def test_a_failure_shows_request_facts_expected_got_and_the_rule_behind_it():
    built, (result,) = results(FAILING)

    assert result.unmet == ("outcome", "reason", "policies")
    asked = ("surface door.open", "action open", "actor agent/a", "target lock/7")
    asked += ("parameters.count 60", "context.ticket T-1")
    assert render(result, built).splitlines() == [
        'FAIL tests/door: "sixty is permitted"      tests/door.toml:1',
        f"  request   {' | '.join(asked)}",
        "  facts     now 2026-11-23T09:00:00.000Z",
        "  expected  PERMIT permitted, determined by open-few",
        "  got       DENY forbidden, determined by open-many (policies/door.cedar:5)",
        "            Nobody opens many",
        "  again: licet policy test --filter 'door/sixty is permitted'",
    ]


def test_an_expectation_that_is_not_written_is_not_checked():
    _, (result,) = results(CASE)

    assert result.passed


def test_each_expectation_is_checked_by_itself():
    for wrong, unmet in (
        ('outcome = "DENY"', "outcome"),
        ('outcome = "PERMIT", reason = "forbidden"', "reason"),
        ('outcome = "PERMIT", policies = []', "policies"),
        ('outcome = "PERMIT", policies = ["open-many"]', "policies"),
    ):
        _, (result,) = results(CASE.replace('outcome = "PERMIT"', wrong))
        assert result.unmet == (unmet,)


def test_an_engine_text_helps_the_author_and_stays_out_of_the_decision():
    failing = PERMIT.replace(
        "context.parameters.count <= 10", "context.parameters.count * 9007199254740991 * 9007199254740991 > 0"
    )
    built, (result,) = results(CASE, failing)

    assert "overflow" in render(result, built)
    assert "failed: open-few" in render(result, built)
    assert "overflow" not in result.decision.explanation[0].text


def test_cases_are_chosen_by_pattern():
    built = compiled(starter_files())

    assert len(run(built)) > len(run(built, "permits/*")) > len(run(built, "permits/100.0*")) == 2
    assert run(built, "nothing/*") == ()


def test_a_case_may_set_a_fact_itself():
    files = starter_files()
    files["tests/more.toml"] = b"""
[defaults.request]
surface = "payments.transfer"
action = "transfer"
actor = { type = "agent", id = "finance-bot" }
parameters = { amount_minor = 9000, currency = "USD", payee = "acme" }
[defaults.facts]
now = "2026-11-23T09:00:00Z"

[[case]]
name = "frozen although the calendar says no"
facts = { business = { open = true, holiday = false, freeze = true } }
expect = { outcome = "DENY", policies = ["pay-freeze"] }

[[case]]
name = "a fact that is not whole is no fact"
facts = { business = { open = true } }
expect = { outcome = "SILENCE", reason = "state_unavailable" }
"""

    assert [result.unmet for result in run(compiled(files), "more/*")] == [(), ()]


def test_defaults_are_merged_member_by_member():
    tests = """\
[defaults.request]
surface = "door.open"
action = "open"
actor = { type = "agent", id = "a" }
parameters = { count = 5 }
[defaults.facts]
now = "2026-11-23T09:00:00Z"

[[case]]
name = "as it stands"
expect = { outcome = "PERMIT" }

[[case]]
name = "one member changed"
request = { parameters = { count = 51 } }
expect = { outcome = "DENY" }

[[case]]
name = "one member added"
request = { parameters = { label = "x" } }
expect = { outcome = "PERMIT" }
"""

    _, found = results(tests)

    assert [result.passed for result in found] == [True, True, True]
