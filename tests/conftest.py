"""What every test stands on: hypothesis profiles, no foreign network, third-party vectors, no empty run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

import loopback
import third_party

# A shared machine has no honest clock per example: bounds on time are ratios, in tests of their own.
settings.register_profile("default", deadline=None, max_examples=50)
settings.register_profile("ci", deadline=None, max_examples=200, print_blob=True)
settings.register_profile(
    "fuzz",
    deadline=None,
    max_examples=20_000,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.load_profile("default")


loopback.install()


@pytest.fixture(autouse=True)
def no_foreign_host() -> Iterator[None]:
    """Fail the test that reached out, even when the code under test swallowed the refusal."""
    before = len(loopback.REACHED)
    yield
    if len(loopback.REACHED) > before:
        reached = ", ".join(loopback.REACHED[before:])
        del loopback.REACHED[before:]
        pytest.fail(f"reached for a host that is not this one: {reached}")


@pytest.fixture
def third_party_vectors() -> Callable[[str], Path]:
    """``third_party_vectors("wycheproof")`` is a path, or the test is skipped, saying what is missing."""
    return third_party.vectors


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """A run in which nothing passed proves nothing: it must not look like success."""
    config = session.config
    if hasattr(config, "workerinput") or config.option.collectonly or exitstatus != pytest.ExitCode.OK:
        return
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None and not reporter.stats.get("passed"):
        session.exitstatus = pytest.ExitCode.NO_TESTS_COLLECTED
