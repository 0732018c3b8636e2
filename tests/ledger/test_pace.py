"""The writer's pace: what a newcomer must expect, and what nobody has measured."""

from __future__ import annotations

from licet.ledger.pace import SAMPLES_MAX, SAMPLES_MIN, WINDOW_MS, Pace


def paced(count, took_ms, jobs=1, *, pace=None, start_ms=0):
    pace = pace or Pace()
    for number in range(count):
        pace.committed(jobs=jobs, took_ms=took_ms, now_ms=start_ms + number)
    return pace


def test_nothing_is_expected_of_a_writer_that_nobody_has_seen():
    assert (Pace().wait_ms(2_048), Pace().commit_ms) == (0, 0)


def test_the_wait_is_what_waits_over_the_recent_rate():
    assert paced(10, took_ms=20, jobs=100).wait_ms(500) == 100


def test_a_heartbeat_tells_of_the_commit_and_not_of_the_rate():
    pace = paced(SAMPLES_MIN, took_ms=40, jobs=0)

    assert (pace.wait_ms(100), pace.commit_ms) == (0, 40)


def test_the_tail_is_what_all_but_one_in_a_hundred_took():
    pace = paced(SAMPLES_MAX - 1, took_ms=5)
    pace.committed(jobs=1, took_ms=900, now_ms=200)
    assert pace.commit_ms == 5

    pace.committed(jobs=1, took_ms=900, now_ms=201)
    assert pace.commit_ms == 900


def test_a_tail_of_a_few_commits_is_no_tail():
    pace = paced(SAMPLES_MIN - 2, took_ms=5)
    pace.committed(jobs=1, took_ms=900, now_ms=20)

    assert pace.commit_ms == 0


def test_one_slow_commit_is_forgotten_after_its_time():
    pace = paced(SAMPLES_MIN, took_ms=5_000, jobs=1)
    paced(SAMPLES_MIN, took_ms=5, jobs=10, pace=pace, start_ms=WINDOW_MS + SAMPLES_MIN)

    assert (pace.commit_ms, pace.wait_ms(100)) == (5, 50)
