"""The generated pages are true where they are words: the roles that `docs/reference/http.md` names."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from licet.authority.callers import OWNER, Role
from licet.errors import LicetError
from licet.protocol import fast
from licet.service.exchange import Ask
from licet.service.routes import TAR, Routes
from support.world import World, effect, payment

PAGE = Path(__file__).resolve().parent.parent / "docs/reference/http.md"
RECEIPT_ID = "01900000-0000-7000-8000-000000000000"
BODIES = {
    "/v1/decisions": payment(),
    "/v1/permits/claim": fast.canonical({"permit": "a.b.c", "effect": effect()}),
    "/v1/permits/complete": fast.canonical({"receipt_id": RECEIPT_ID, "status": "executed"}),
    "/v1/permits/{id}/revoke": fast.canonical({"reason": "a test"}),
    "/v1/freezes": fast.canonical({"scope": {"surface": "payments.transfer"}, "reason": "a test"}),
    "/v1/freezes/{id}/lift": fast.canonical({"reason": "a test"}),
    "/v1/bundles/{digest}/activate": fast.canonical({"statement": "a.b.c"}),
}
ROWS = re.findall(r"^\| (GET|POST) \[`([^`]+)`\]\([^)]+\) \| (.+) \|$", PAGE.read_text("utf-8"), re.MULTILINE)
NEEDS = {(method, path): set(re.findall(r"`([\w-]+)`", needs)) for method, path, needs in ROWS}


@pytest.fixture
def routes():
    world = World()
    yield Routes(authority=world.authority, version="0.0.0", engine="memory")
    world.close()


def lacks_the_role(routes, method, path, role):
    caller = replace(OWNER, roles=frozenset({role}))
    place = path.replace("{id}", RECEIPT_ID).replace("{digest}", "sha256:" + "0" * 64)
    asked = Ask(
        method=method,
        path=place,
        query={},
        headers={"content-type": TAR if (method, path) == ("POST", "/v1/bundles") else "application/json"},
        body=BODIES.get(path, b""),
    )
    try:
        routes.handle(asked, caller=caller)
    except LicetError as error:
        return "lacks the role" in error.message
    return False


@pytest.mark.parametrize(("method", "path"), [place for place, roles in NEEDS.items() if roles])
def test_a_route_needs_the_roles_that_its_page_names(routes, method, path):
    enough = {role.value for role in Role if not lacks_the_role(routes, method, path, role)}

    assert enough == NEEDS[(method, path)]


def test_the_page_has_routes_for_callers_and_for_everybody():
    assert sum(bool(roles) for roles in NEEDS.values()) == 15
    assert sum(not roles for roles in NEEDS.values()) == 7
