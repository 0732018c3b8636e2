"""Homes and served authorities for whole-process tests."""

from __future__ import annotations

import pytest

from support.served import Served, fresh_home


@pytest.fixture
def home():
    with fresh_home() as home:
        yield home


@pytest.fixture(scope="module")
def shared():
    """One served authority for the tests of a module that only add to its log."""
    with fresh_home() as home, Served(home) as served:
        yield served
