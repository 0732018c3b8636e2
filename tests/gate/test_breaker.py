"""The circuit breaker alone."""

from __future__ import annotations

from licet.gate.breaker import FAILURES_MAX, OPEN_MS, Breaker


def opened():
    breaker = Breaker()
    for _ in range(FAILURES_MAX):
        assert breaker.admits(0)
        breaker.heard(answered=False, now_ms=0)
    return breaker


def test_four_failures_are_bad_luck():
    breaker = Breaker()
    for _ in range(FAILURES_MAX - 1):
        breaker.heard(answered=False, now_ms=0)

    assert breaker.admits(0)


def test_five_failures_are_a_no_for_a_second():
    breaker = opened()

    assert [breaker.admits(at) for at in (0, 1, OPEN_MS - 1)] == [False, False, False]


def test_an_answer_in_between_starts_the_count_anew():
    breaker = Breaker()
    for answered in (False, False, False, False, True, False, False, False, False):
        breaker.heard(answered=answered, now_ms=0)

    assert breaker.admits(0)


def test_one_probe_goes_through_and_the_others_wait_for_it():
    breaker = opened()

    assert [breaker.admits(OPEN_MS) for _ in range(3)] == [True, False, False]


def test_a_probe_without_an_answer_opens_it_for_another_second():
    breaker = opened()
    breaker.admits(OPEN_MS)
    breaker.heard(answered=False, now_ms=OPEN_MS)

    assert not breaker.admits(2 * OPEN_MS - 1)
    assert breaker.admits(2 * OPEN_MS)


def test_a_probe_with_an_answer_closes_it():
    breaker = opened()
    breaker.admits(OPEN_MS)
    breaker.heard(answered=True, now_ms=OPEN_MS)

    assert [breaker.admits(OPEN_MS) for _ in range(3)] == [True, True, True]
