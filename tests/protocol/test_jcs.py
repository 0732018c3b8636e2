"""RFC 8785 by other people's vectors, and the one table of where the profile says no."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from licet.errors import Malformed
from licet.protocol import fast
from licet.protocol.canonical import canonical_bytes

Find = Callable[[str], Path]
FLOATS = "floats and exponents are refused at every door: money in them has no one value"
REFUSED = {
    "values": FLOATS,
    "structures": FLOATS,
    "number_simple_decimal": FLOATS,
    "number_shortest_repr": FLOATS,
    "number_fp_addition": FLOATS,
    "number_small_exp_boundary_fixed": FLOATS,
    "number_small_exp_boundary_exp": FLOATS,
    "number_large_exp_boundary_fixed": FLOATS,
    "number_large_exp_boundary_exp": FLOATS,
    "number_2_to_53": "other languages round it silently",
    "number_negative_zero": "`-0` is a float in disguise: RFC 8785 writes it as `0`",
}


def pairs(folder: Path) -> dict[str, tuple[bytes, bytes]]:
    found = {}
    for file in sorted((folder / "input").glob("*.json")):
        expected = bytes.fromhex((folder / "outhex" / f"{file.stem}.txt").read_text())
        found[file.stem] = (file.read_bytes(), expected)
    return found


def cross_sdk(folder: Path) -> dict[str, tuple[bytes, bytes]]:
    text = (folder / "canonicalization_vectors.json").read_text(encoding="utf-8")
    # Numbers stay the text they were written as, so that the reader sees what the vector says.
    cases = json.loads(text, parse_float=Written, parse_int=Written)["canonicalization_vectors"]
    return {case["name"]: (spelled(case["input"]).encode(), case["canonical"].encode()) for case in cases}


class Written(str):
    """A number as it was spelled."""

    __slots__ = ()


def spelled(value: object) -> str:
    if isinstance(value, Written):
        return str(value)
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(name)}:{spelled(item)}" for name, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(spelled, value)) + "]"
    return json.dumps(value)


def test_published_vectors_hold_but_for_the_table(third_party_vectors: Find) -> None:
    folder = third_party_vectors("jcs")
    cases = pairs(folder)
    others = cross_sdk(folder)
    assert (len(cases), len(others)) == (4, 32)

    refused = set()
    for name, (document, expected) in (cases | others).items():
        try:
            value = fast.read(document)
        except Malformed:
            refused.add(name)
            continue
        assert (name, canonical_bytes(value)) == (name, expected)
        assert (name, fast.canonical(value)) == (name, expected)

    assert refused == set(REFUSED)
