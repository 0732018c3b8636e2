"""The committed vectors, for the tests of every door: the same bytes must get the same answer everywhere.

A door's test runs `for case in bad_requests(): ...` and demands `case.code` and `case.pointer` (I14).
"""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent.parent / "vectors"


@dataclass(frozen=True, slots=True, kw_only=True)
class GoodRequest:
    """A request that must be accepted, with what an independent canonicaliser makes of it."""

    name: str
    document: bytes
    canonical: bytes
    digest: str
    effect_digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BadRequest:
    """A request that must be refused with this code and pointer."""

    name: str
    document: bytes
    code: str
    pointer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Canonical:
    """A document and its one canonical form; ``effect_digest`` only where it is an effect."""

    name: str
    document: bytes
    canonical: bytes
    effect_digest: str = ""


@cache
def good_requests() -> tuple[GoodRequest, ...]:
    """Every case of `vectors/request` that expects acceptance."""
    return tuple(
        GoodRequest(
            name=name,
            document=document,
            canonical=b64decode(expect["canonical_base64"]),
            digest=expect["digest"],
            effect_digest=expect["effect_digest"],
        )
        for name, document, expect in _cases("request")
        if expect["ok"]
    )


@cache
def bad_requests() -> tuple[BadRequest, ...]:
    """Every case of `vectors/request` that expects refusal."""
    return tuple(
        BadRequest(name=name, document=document, code=expect["code"], pointer=expect["pointer"])
        for name, document, expect in _cases("request")
        if not expect["ok"]
    )


@cache
def effects() -> tuple[Canonical, ...]:
    """Every case of `vectors/effect`."""
    return tuple(
        Canonical(
            name=name,
            document=document,
            canonical=b64decode(expect["canonical_base64"]),
            effect_digest=expect["effect_digest"],
        )
        for name, document, expect in _cases("effect")
    )


@cache
def canonical_values() -> tuple[Canonical, ...]:
    """Every case of `vectors/canonical`."""
    return tuple(
        Canonical(name=name, document=document, canonical=b64decode(expect["canonical_base64"]))
        for name, document, expect in _cases("canonical")
    )


def _cases(folder: str) -> Iterator[tuple[str, bytes, dict[str, str]]]:
    for line in (FOLDER / folder / "cases.jsonl").read_bytes().splitlines():
        case = json.loads(line)
        yield case["name"], b64decode(case["document_base64"]), case["expect"]
