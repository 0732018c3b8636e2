"""Stores for tests."""

from __future__ import annotations

import pytest

from store.drivers import MemoryDriver, SqliteDriver
from support.fault_vfs import Faults


@pytest.fixture
def faults():
    """A file system that can fail, registered for one test."""
    vfs = Faults()
    yield vfs
    vfs.unregister()


@pytest.fixture
def sqlite(tmp_path, faults):
    """An open SQLite store."""
    driver = SqliteDriver(tmp_path, faults)
    yield driver
    driver.close()


@pytest.fixture(params=["memory", "sqlite"])
def driver(request):
    """Every driver, one after the other."""
    if request.param == "sqlite":
        yield request.getfixturevalue("sqlite")
    else:
        yield MemoryDriver()


@pytest.fixture
def store(driver):
    """The open store of every driver."""
    return driver.store
