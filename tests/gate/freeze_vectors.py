"""Vectors of argument encoding v1, in a notation that no language owns.

One line of ``vectors/freeze/cases.jsonl`` is ``{"name", "in", and "out" + "sha256" or "refused"}``. A
value stands as ``[kind, ...]``: ``["int", "5"]``, ``["decimal", "1.50"]``, ``["map", [[key, value], ...]]``,
``["repeat", "str", "a", 5000]``. ``out`` is the canonical JSON text and ``sha256`` its digest; ``refused``
is the JSON pointer of the refusal. Written by ``python tests/gate/freeze_vectors.py``.
"""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from decimal import Decimal
from enum import Enum
from pathlib import Path
from uuid import UUID

from licet.gate.freeze import NotFreezable, encode
from licet.protocol import fast

CASES = Path(__file__).parents[2] / "vectors" / "freeze" / "cases.jsonl"


def build(notation: list[object]) -> object:
    """The Python value of one notation."""
    kind, *rest = notation
    match kind:
        case "null":
            return None
        case "bool":
            return rest[0]
        case "int":
            return int(rest[0])
        case "float":
            return float(rest[0])
        case "str":
            return rest[0]
        case "surrogate":
            return chr(int(rest[0], 16))
        case "list":
            return [build(item) for item in rest[0]]
        case "tuple":
            return tuple(build(item) for item in rest[0])
        case "map":
            return {build(name) if isinstance(name, list) else name: build(item) for name, item in rest[0]}
        case "decimal":
            return Decimal(rest[0])
        case "time":
            return datetime.fromisoformat(rest[0])
        case "uuid":
            return UUID(rest[0])
        case "bytes":
            return bytes.fromhex(rest[0])
        case "path":
            return Path(rest[0])
        case "enum":
            module, name, members, chosen = rest
            built = Enum(name, [(m, build(v)) for m, v in members], module=module, qualname=name)
            return built[chosen]
        case "repeat":
            what, unit, count = rest
            return unit * count if what == "str" else bytes.fromhex(unit) * count
        case "nest":
            value: object = None
            for _ in range(rest[0]):
                value = [value]
            return value
        case "wide":
            return [None] * rest[0]
    message = f"no such kind: {kind}"
    raise ValueError(message)


_CURRENCY = ["bank.money", "Currency", [["USD", ["str", "usd"]], ["EUR", ["str", "eur"]]]]
_CURRENCY_LATER = ["bank.money", "Currency", [["USD", ["str", "usd-2"]]]]
_CURRENCY_ELSEWHERE = ["shop.money", "Currency", [["USD", ["str", "usd"]]]]
_PLAIN_USD = [["name", ["str", "USD"]], ["type", ["str", "bank.money.Currency"]], ["value", ["str", "usd"]]]

INPUTS: list[tuple[str, list[object]]] = [
    ("null", ["null"]),
    ("true", ["bool", True]),
    ("false", ["bool", False]),
    ("zero", ["int", "0"]),
    ("one is not true", ["int", "1"]),
    ("negative", ["int", "-7"]),
    ("largest integer", ["int", "9007199254740991"]),
    ("smallest integer", ["int", "-9007199254740991"]),
    ("integer too large", ["int", "9007199254740992"]),
    ("integer too small", ["int", "-9007199254740992"]),
    ("float", ["float", "1.5"]),
    ("float that is whole", ["float", "1.0"]),
    ("float that is not a number", ["float", "nan"]),
    ("float without end", ["float", "inf"]),
    ("empty text", ["str", ""]),
    ("text", ["str", "acme"]),
    ("text of digits", ["str", "1"]),
    ("text that says null", ["str", "null"]),
    ("text not ASCII", ["str", "Zürich"]),
    ("composed letter", ["str", "\u00e9"]),
    ("decomposed letter", ["str", "e\u0301"]),
    ("text beyond the first plane", ["str", "\U0001f600"]),
    ("control characters", ["str", "a\u0000\n\u001b"]),
    ("quotes", ["str", '"\\']),
    ("lone surrogate", ["surrogate", "d800"]),
    ("text that looks like a tag", ["str", "$decimal"]),
    ("text of 4096 bytes", ["repeat", "str", "a", 4096]),
    ("text of 4097 bytes", ["repeat", "str", "a", 4097]),
    ("another text of 4097 bytes", ["repeat", "str", "b", 4097]),
    ("text of 4096 bytes, not ASCII", ["repeat", "str", "é", 2048]),
    ("text of 4098 bytes, not ASCII", ["repeat", "str", "é", 2049]),
    ("no bytes", ["bytes", ""]),
    ("bytes", ["bytes", "00ff10"]),
    ("bytes that spell a text", ["bytes", "61636d65"]),
    ("4096 bytes", ["repeat", "bytes", "61", 4096]),
    ("4097 bytes that are also a text", ["repeat", "bytes", "61", 4097]),
    ("empty list", ["list", []]),
    ("empty object", ["map", []]),
    ("list", ["list", [["int", "1"], ["str", "a"], ["null"]]]),
    ("tuple is a list", ["tuple", [["int", "1"], ["str", "a"], ["null"]]]),
    ("list in list", ["list", [["list", []]]]),
    ("object", ["map", [["b", ["int", "1"]], ["a", ["int", "2"]]]]),
    ("object in another order", ["map", [["a", ["int", "2"]], ["b", ["int", "1"]]]]),
    ("empty name", ["map", [["", ["null"]]]]),
    ("name not ASCII", ["map", [["ü", ["null"]], ["z", ["null"]]]]),
    ("names in UTF-16 order", ["map", [["\ufb33", ["null"]], ["\U0001f600", ["null"]]]]),
    ("a user's name with a dollar", ["map", [["$ref", ["int", "1"]]]]),
    ("a user's name with two dollars", ["map", [["$$ref", ["int", "1"]]]]),
    ("a user's name that is a dollar", ["map", [["$", ["int", "1"]]]]),
    ("a user's object that looks like a decimal", ["map", [["$decimal", ["str", "1.50"]]]]),
    (
        "a user's object that looks like a digest",
        ["map", [["$sha256", ["str", "00"]], ["$bytes", ["int", "1"]]]],
    ),
    ("a dollar inside a name", ["map", [["a$b", ["int", "1"]]]]),
    ("name is an integer", ["map", [[["int", "1"], ["null"]]]]),
    ("name is null", ["map", [[["null"], ["null"]]]]),
    ("name is bytes", ["map", [[["bytes", "61"], ["null"]]]]),
    ("name is a lone surrogate", ["map", [[["surrogate", "dfff"], ["null"]]]]),
    ("decimal", ["decimal", "1.50"]),
    ("decimal of other precision", ["decimal", "1.5"]),
    ("decimal whole", ["decimal", "150"]),
    ("decimal with exponent", ["decimal", "1.5E+2"]),
    ("decimal zero", ["decimal", "0"]),
    ("decimal negative zero", ["decimal", "-0"]),
    ("decimal beyond integers", ["decimal", "9007199254740993"]),
    ("decimal not a number", ["decimal", "NaN"]),
    ("decimal without end", ["decimal", "-Infinity"]),
    ("time in UTC", ["time", "2026-11-23T09:00:00+00:00"]),
    ("the same moment elsewhere", ["time", "2026-11-23T10:00:00+01:00"]),
    ("time with microseconds", ["time", "2026-11-23T09:00:00.000001+00:00"]),
    ("time west of Greenwich", ["time", "2026-11-23T09:00:00-03:30"]),
    ("time without a zone", ["time", "2026-11-23T09:00:00"]),
    ("uuid", ["uuid", "0192f0a0-7e6e-7c7e-8a7e-000000000001"]),
    ("path", ["path", "/etc/hosts"]),
    ("relative path", ["path", "a/b"]),
    ("path that spells a text", ["path", "acme"]),
    ("enum member", ["enum", *_CURRENCY, "USD"]),
    ("another member", ["enum", *_CURRENCY, "EUR"]),
    ("the same name with another value", ["enum", *_CURRENCY_LATER, "USD"]),
    ("the same name in another module", ["enum", *_CURRENCY_ELSEWHERE, "USD"]),
    ("a user's object that looks like a member", ["map", [["$enum", ["map", _PLAIN_USD]]]]),
    ("refusal names its place", ["map", [["a/b", ["list", [["null"], ["map", [["~", ["float", "0.1"]]]]]]]]]),
    ("31 levels", ["nest", 31]),
    ("33 levels", ["nest", 33]),
    ("1000 members", ["wide", 1000]),
    ("1001 members", ["wide", 1001]),
]


def case(name: str, notation: list[object]) -> dict[str, object]:
    """One vector line, computed."""
    try:
        out = fast.canonical(encode(build(notation)))
    except NotFreezable as error:
        return {"name": name, "in": notation, "refused": error.pointer}
    digest = "sha256:" + hashlib.sha256(out).hexdigest()
    return {"name": name, "in": notation, "out": out.decode("utf-8"), "sha256": digest}


def main() -> None:
    """Write the vectors anew; a changed line is a changed contract."""
    lines = [json.dumps(case(name, notation), ensure_ascii=True) for name, notation in INPUTS]
    CASES.write_text("\n".join(lines) + "\n", encoding="ascii")


if __name__ == "__main__":
    main()
