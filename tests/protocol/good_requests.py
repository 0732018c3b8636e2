"""Requests that every door must accept, each for a reason of its own: `(name, document)`."""

from __future__ import annotations

import json
from collections.abc import Iterator

from licet.protocol import limits
from licet.protocol.types import JsonObject, JsonValue

PARENT = "01936f5e-7c00-7abc-8def-0123456789ab"
MINIMAL: JsonObject = {
    "surface": "payments.transfer",
    "action": "transfer",
    "actor": {"type": "agent", "id": "finance-bot"},
    "idempotency_key": "FIN-7:1",
}
FULL: JsonObject = {
    "surface": "payments.transfer",
    "action": "transfer",
    "actor": {
        "type": "agent",
        "id": "finance-bot",
        "attributes": {"team": "treasury"},
        "on_behalf_of": [{"type": "person", "id": "kim"}],
    },
    "target": {"type": "account", "id": "acct-42"},
    "parameters": {"amount_minor": 4000, "currency": "USD", "payee": "acme", "lines": [{"qty": 1}]},
    "context": {"ticket": "FIN-7"},
    "audience": "payments-executor",
    "min_policy_version": 3,
    "parent": PARENT,
    "idempotency_key": "FIN-7:1",
}
LINK: JsonObject = {"type": "person", "id": "kim"}
PRINTABLE = "".join(chr(code) for code in range(0x21, 0x7F))


def compact(value: JsonValue) -> bytes:
    """``value`` as most SDKs send it: compact, in the order it was built."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8")


def with_parameters(text: str) -> bytes:
    """The minimal request with ``parameters`` spelled as ``text``."""
    return compact(MINIMAL)[:-1] + b',"parameters":' + text.encode("utf-8") + b"}"


def good_requests() -> Iterator[tuple[str, bytes]]:
    """Every accepted case, in the order of the vector file."""
    yield from members()
    yield from grammars()
    yield from values()
    yield from names()
    yield from spellings()
    yield from bounds()


def members() -> Iterator[tuple[str, bytes]]:
    yield "member/minimal", compact(MINIMAL)
    yield "member/full", compact(FULL)
    for name in ("target", "parameters", "context", "audience", "min_policy_version", "parent"):
        yield f"member/only-{name}", compact(MINIMAL | {name: FULL[name]})
    yield "member/parameters-empty", compact(MINIMAL | {"parameters": {}})
    yield "member/context-empty", compact(MINIMAL | {"context": {}})
    yield "member/min-policy-version-0", compact(MINIMAL | {"min_policy_version": 0})
    yield "member/min-policy-version-max", compact(MINIMAL | {"min_policy_version": limits.INT_MAX})
    for name, extra in (
        ("attributes", {"attributes": {"role": "cfo", "level": 3}}),
        ("attributes-empty", {"attributes": {}}),
        ("on-behalf-of-nobody", {"on_behalf_of": []}),
        ("on-behalf-of-8", {"on_behalf_of": [LINK] * limits.ON_BEHALF_OF_MAX}),
    ):
        yield f"member/actor-{name}", compact(MINIMAL | {"actor": {"type": "agent", "id": "a", **extra}})
    yield "member/licet-names-inside-parameters", compact(MINIMAL | {"parameters": dict(FULL)})


def grammars() -> Iterator[tuple[str, bytes]]:
    for name, surface in (
        ("one-letter", "a"),
        ("dots-digits-dashes", "a1.2-b_c.d"),
        ("longest", "s" * limits.SURFACE_CHARS_MAX),
    ):
        yield f"grammar/surface-{name}", compact(MINIMAL | {"surface": surface})
    for name, action in (
        ("one-digit", "7"),
        ("all-marks", "A._:/-z"),
        ("longest", "A" * limits.ACTION_CHARS_MAX),
    ):
        yield f"grammar/action-{name}", compact(MINIMAL | {"action": action})
    for name, key in (("all-marks", "._:/@-"), ("longest", "k" * limits.KEY_CHARS_MAX)):
        yield f"grammar/key-{name}", compact(MINIMAL | {"idempotency_key": key})
    for name, audience in (("all-marks", "a._:/@-"), ("longest", "a" * limits.AUDIENCE_CHARS_MAX)):
        yield f"grammar/audience-{name}", compact(MINIMAL | {"audience": audience})
    longest = {"type": "T" * limits.TYPE_CHARS_MAX, "id": "i" * limits.ID_CHARS_MAX}
    yield "grammar/entity-longest", compact(MINIMAL | {"actor": longest, "target": longest})
    yield "grammar/id-every-printable", compact(MINIMAL | {"target": {"type": "a_B9", "id": PRINTABLE}})


def values() -> Iterator[tuple[str, bytes]]:
    for name, value in (
        ("null", "null"),
        ("booleans", "[true,false]"),
        ("zero", "0"),
        ("minus-one", "-1"),
        ("int-max", str(limits.INT_MAX)),
        ("int-min", str(-limits.INT_MAX)),
        ("empty-string", '""'),
        ("empty-array", "[]"),
        ("nested", '[[],[{}],{"a":[1,{"b":null}]}]'),
        ("number-as-string", '"1.0"'),
        ("exponent-as-string", '"1e3"'),
        ("digits-4300-as-string", f'"{"9" * 4300}"'),
        ("nfc", '"\u00e9"'),
        ("nfd", '"e\u0301"'),
        ("angstrom-sign", '"\u212b"'),
        ("ligature", '"\ufb01"'),
        ("right-to-left-override", '"\u202eabc"'),
        ("zero-width-joiner", '"a\u200db"'),
        ("line-separators", '"\u2028\u2029"'),
        ("bom-inside", '"\ufeff"'),
        ("emoji", '"\U0001f600"'),
        ("last-code-point", '"\U0010ffff"'),
        ("noncharacter", '"\uffff"'),
        ("delete", '"\x7f"'),
        ("text-4096", f'"{"x" * 4096}"'),
    ):
        yield f"value/{name}", with_parameters(f'{{"v":{value}}}')


def names() -> Iterator[tuple[str, bytes]]:
    for name, parameters in (
        ("empty", '{"":1}'),
        ("proto", '{"__proto__":{"admin":true},"constructor":1,"toString":2}'),
        ("integer-like", '{"10":1,"9":2,"1":3,"01":4,"-1":5}'),
        ("pointer-marks", '{"a/b":1,"~":2,"~1":3}'),
        ("quote-and-backslash", '{"\\"":1,"\\\\":2}'),
        ("case-differs", '{"a":1,"A":2}'),
        ("nfc-and-nfd-differ", '{"\u00e9":1,"e\u0301":2}'),
        ("utf16-order", '{"\ufb33":1,"\U0001f600":2,"\u20ac":3,"z":4,"\u00f6":5}'),
        ("utf16-order-nested", '{"v":[{"\ue000":1,"\U0001f389":2}]}'),
        ("control", '{"\\u0000":1,"\\n":2}'),
        ("same-at-two-levels", '{"a":{"a":{"a":1}}}'),
    ):
        yield f"name/{name}", with_parameters(parameters)


def spellings() -> Iterator[tuple[str, bytes]]:
    yield "spelling/indented", json.dumps(FULL, indent=2).encode()
    yield (
        "spelling/every-white-space",
        b" \t\r\n" + json.dumps(FULL).encode().replace(b" ", b"\r\n\t ") + b"\n",
    )
    yield "spelling/members-reversed", compact(dict(reversed(list(FULL.items()))))
    yield "spelling/escaped-member-name", compact(MINIMAL).replace(b'"surface"', b'"\\u0073urface"')
    yield "spelling/escaped-ascii-value", compact(MINIMAL).replace(b'"transfer"', b'"\\u0074ransfer"')
    for name, value in (
        ("escapes-short", '"\\b\\f\\n\\r\\t\\"\\\\\\/"'),
        ("escapes-control", '"\\u0000\\u0001\\u001f"'),
        ("escapes-upper-hex", '"\\u00E9\\u20AC"'),
        ("escapes-pair", '"\\ud83d\\ude00"'),
        ("escapes-pair-upper", '"\\uD83D\\uDE00"'),
        ("escaped-backslash-before-u", '"\\\\ud800"'),
        ("solidus-plain", '"a/b"'),
    ):
        yield f"spelling/{name}", with_parameters(f'{{"v":{value}}}')


def bounds() -> Iterator[tuple[str, bytes]]:
    inner = limits.DEPTH_MAX - 2
    yield "bound/depth-32-arrays", with_parameters('{"v":' + "[" * inner + "]" * inner + "}")
    yield "bound/depth-32-objects", with_parameters('{"v":' * inner + "{}" + "}" * inner)
    yield "bound/brackets-in-strings", with_parameters(f'{{"v":"{"[{" * 100}","w":"\\"{"[" * 40}"}}')
    # The request has 4 members, the actor 2, `parameters` is one more and holds one.
    left = limits.MEMBERS_MAX - 4 - 2 - 1
    yield "bound/members-1000-array", with_parameters('{"v":[' + ",".join("0" * (left - 1)) + "]}")
    listed = ",".join(f'"n{number}":0' for number in range(left))
    yield "bound/members-1000-object", with_parameters("{" + listed + "}")
    room = limits.BODY_BYTES_MAX - len(with_parameters('{"v":""}'))
    yield "bound/size-64-kib", with_parameters(f'{{"v":"{"x" * room}"}}')
