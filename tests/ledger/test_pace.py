"""The writer's pace: what a newcomer must expect, and what nobody has measured."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from licet.ledger.pace import SAMPLES_MANY, SAMPLES_MIN, WINDOW_MS, Pace


def paced(*commits, pace=None, start_ms=0):
    pace = pace or Pace()
    for number, (jobs, took_ms) in enumerate(commits):
        pace.committed(jobs=jobs, took_ms=took_ms, now_ms=start_ms + number)
    return pace


def test_nothing_is_expected_of_a_writer_that_nobody_has_seen():
    assert Pace().wait_ms(2_048) == 0


def test_batches_of_one_size_tell_the_rate():
    assert paced(*[(100, 20)] * 5).wait_ms(500) == 100


def test_batches_of_two_sizes_tell_what_a_commit_costs_and_what_a_job():
    pace = paced((0, 30), (10, 50), (20, 70))

    assert pace.running_ms(1) == 32
    assert pace.wait_ms(100) == 230
    assert pace.wait_ms(512) == 2 * (30 + 512)


def test_heartbeats_alone_tell_what_a_commit_costs():
    assert paced((0, 40), (0, 40)).wait_ms(1) == 40


def test_larger_batches_that_happened_to_be_faster_do_not_make_a_job_free_money():
    pace = paced((1, 100), (50, 20))

    assert 0 < pace.wait_ms(1) <= pace.wait_ms(200)


def test_weather_is_allowed_for_once_it_is_known():
    few = paced(*[(1, 5)] * (SAMPLES_MIN - 2), (1, 900))
    assert few.wait_ms(1) < 200

    many = paced(*[(1, 5)] * (SAMPLES_MANY - 2), (1, 900), (1, 900))
    assert many.wait_ms(1) == 900
    once = paced(*[(1, 5)] * (SAMPLES_MANY - 1), (1, 900))
    assert once.wait_ms(1) < 20


def test_one_slow_commit_is_forgotten_after_its_time():
    pace = paced(*[(1, 5_000)] * SAMPLES_MIN)
    paced(*[(10, 5)] * SAMPLES_MIN, pace=pace, start_ms=WINDOW_MS + SAMPLES_MIN)

    assert pace.wait_ms(100) == 50


@given(st.lists(st.tuples(st.integers(0, 256), st.integers(0, 10_000)), max_size=40), st.integers(0, 2_048))
def test_no_wait_is_negative_and_none_is_shorter_for_more_jobs(commits, jobs):
    pace = paced(*commits)

    assert pace.running_ms(jobs) >= 0
    assert pace.wait_ms(jobs) >= 0
    assert pace.wait_ms(jobs + 256) >= pace.wait_ms(jobs)
