"""One authority in memory behind the real application, and a caller for each kind of key."""

from __future__ import annotations

from dataclasses import replace

import pytest

from licet.authority.callers import OWNER, Role, new_api_key
from licet.protocol.types import Audience, EntityRef
from support.asgi import Caller, app_of
from support.ledgers import SealJob
from support.world import World

EXECUTOR = replace(
    OWNER,
    actor=EntityRef(type="service", id="payments-executor"),
    roles=frozenset({Role.EXECUTOR}),
    audience=Audience("payments-executor"),
)
STRANGER = replace(EXECUTOR, audience=Audience("other-executor"))
BOT = replace(
    OWNER, actor=EntityRef(type="agent", id="finance-bot"), roles=frozenset({Role.CALLER}), audience=None
)


@pytest.fixture
def world():
    world = World()
    yield world
    world.close()


@pytest.fixture
def app(world):
    return app_of(world)


@pytest.fixture
def owner(world, app):
    return Caller(app, world.owner.reveal())


@pytest.fixture
def key_of(world):
    """A fresh key for a caller, put into the store."""

    def made(caller, **options):
        lies = {name: options.pop(name) for name in ("revoked",) if name in options}
        key = new_api_key(caller, world.entropy, **options)
        world.settle(TokenJob(replace(key.row, **lies)))
        return key.reveal()

    return made


class TokenJob:
    """Keeps one API key; seals nothing, so a leaf is added to carry it into a commit."""

    def __init__(self, row):
        self.row = row

    def write(self, page):
        page.txn.insert_token(self.row)
        return SealJob().write(page)


@pytest.fixture
def executor(app, key_of):
    return Caller(app, key_of(EXECUTOR))
