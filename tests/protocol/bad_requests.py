"""Requests that every door must refuse, one fault each: `(name, document, code, pointer)`.

`shape/` cases are JSON of the profile that is no request: a JSON Schema refuses them too. The others
(`number/ twice/ text/ bytes/ syntax/ bound/`) are outside the profile, where a schema does not look.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from licet.protocol import limits
from licet.protocol.types import JsonObject, JsonValue
from protocol.good_requests import FULL, LINK, MINIMAL, compact, with_parameters

Bad = tuple[str, bytes, str, str]
HOLE = '"@@"'
PLACES: Mapping[str, tuple[JsonObject, str]] = {
    "parameters": (MINIMAL | {"parameters": {"v": "@@"}}, "/parameters/v"),
    "array": (MINIMAL | {"parameters": {"v": [1, "@@"]}}, "/parameters/v/1"),
    "deep": (MINIMAL | {"parameters": {"v": [{"a": {"b": "@@"}}]}}, "/parameters/v/0/a/b"),
    "context": (MINIMAL | {"context": {"v": "@@"}}, "/context/v"),
    "attributes": (
        MINIMAL | {"actor": {"type": "agent", "id": "a", "attributes": {"v": "@@"}}},
        "/actor/attributes/v",
    ),
    "version": (MINIMAL | {"min_policy_version": "@@"}, "/min_policy_version"),
}


def bad_requests() -> Iterator[Bad]:
    """Every refused case, in the order of the vector file."""
    for kind in (numbers, twice, texts, encodings, syntax, bounds, missing, wrong_types, grammars, unknown):
        yield from kind()


def malformed(name: str, document: bytes, pointer: str = "") -> Bad:
    return name, document, "malformed", pointer


def at(place: str, token: str) -> tuple[bytes, str]:
    """A request with ``token`` at a place, and the pointer there."""
    document, pointer = PLACES[place]
    return compact(document).replace(HOLE.encode(), token.encode()), pointer


def numbers() -> Iterator[Bad]:
    floats = {
        "one-point-zero": "1.0", "half": "0.5", "minus-zero-point-zero": "-0.0", "exponent": "1e3",
        "exponent-upper": "1E3", "exponent-plus": "1e+3", "exponent-minus": "1e-3", "huge": "1e400",
        "many-digits": "0." + "1" * 400, "minus-zero": "-0",
    }  # fmt: skip
    for place in PLACES:
        for name, token in floats.items():
            yield malformed(f"number/{name}-in-{place}", *at(place, token))
    integers = {
        "2-to-53": str(2**53), "minus-2-to-53": str(-(2**53)), "2-to-63": str(2**63),
        "2-to-64": str(2**64), "25-digits": "9" * 25, "4300-digits": "9" * 4300, "4301-digits": "1" * 4301,
    }  # fmt: skip
    for place in ("parameters", "array", "version"):
        for name, token in integers.items():
            yield malformed(f"number/{name}-in-{place}", *at(place, token))
    for token in ("NaN", "Infinity", "-Infinity"):
        for place in ("parameters", "version"):
            yield malformed(f"number/{token}-in-{place}", *at(place, token))
    for token in ("01", "-01", "+1", ".5", "1.", "0x10", "1e", "1_000", "--1", "-"):
        yield malformed(f"syntax/number-{token}", at("parameters", token)[0])


def twice() -> Iterator[Bad]:
    for name, value in FULL.items():
        again = compact(FULL)[:-1] + f',"{name}":'.encode() + compact(value) + b"}"
        yield malformed(f"twice/{name}", again, f"/{name}")
    yield malformed("twice/first-differs", b'{"surface":"a",' + compact(MINIMAL)[1:], "/surface")
    inner = {
        "two-values": ('{"v":1,"v":2}', "/parameters/v"),
        "equal-values": ('{"v":1,"v":1}', "/parameters/v"),
        "same-encoded-length": ('{"v":1,"v":1e6}', "/parameters/v"),
        "deep": ('{"a":{"b":{"c":1,"c":2}}}', "/parameters/a/b/c"),
        "in-array": ('{"a":[{},{"b":1,"b":1}]}', "/parameters/a/1/b"),
        "escaped": ('{"v":1,"\\u0076":2}', "/parameters/v"),
        "escaped-deep": ('{"a":[{"b":1,"\\u0062":2}]}', "/parameters/a/0/b"),
        "escaped-first": ('{"\\u0076":1,"v":2}', "/parameters/v"),
        "escaped-pair": ('{"\U0001f600":1,"\\ud83d\\ude00":2}', "/parameters/\U0001f600"),
        "proto": ('{"__proto__":1,"__proto__":2}', "/parameters/__proto__"),
        "empty-name": ('{"":1,"":2}', "/parameters/"),
        "integer-like": ('{"1":1,"2":2,"1":3}', "/parameters/1"),
        "pointer-marks": ('{"a/~b":1,"a/~b":2}', "/parameters/a~1~0b"),
        "non-ascii": ('{"\u00e9":1,"\u00e9":2}', "/parameters/\u00e9"),
        "three-times": ('{"v":1,"v":1,"v":1}', "/parameters/v"),
    }
    for name, (text, pointer) in inner.items():
        yield malformed(f"twice/{name}", with_parameters(text), pointer)
    entity = b'{"type":"agent","id":"a","id":"b"}'
    yield malformed(
        "twice/actor-id", compact(MINIMAL).replace(compact(MINIMAL["actor"]), entity), "/actor/id"
    )
    targeted = compact(MINIMAL | {"target": "@@"}).replace(HOLE.encode(), entity)
    yield malformed("twice/target-id", targeted, "/target/id")
    chain = compact(MINIMAL | {"actor": {"type": "agent", "id": "a", "on_behalf_of": ["@@"]}})
    linked = chain.replace(HOLE.encode(), entity)
    yield malformed("twice/on-behalf-of-id", linked, "/actor/on_behalf_of/0/id")


def texts() -> Iterator[Bad]:
    surrogates = {
        "high-alone": "\\ud800", "low-alone": "\\udc00", "reversed": "\\ude00\\ud83d",
        "high-then-letter": "\\ud83dx", "high-high-low": "\\ud83d\\ud83d\\ude00", "upper-hex": "\\uD800",
    }  # fmt: skip
    for place in ("parameters", "array", "context", "attributes"):
        for name, token in surrogates.items():
            document, pointer = at(place, f'"{token}"')
            yield malformed(f"text/surrogate-{name}-in-{place}", document, pointer)
    yield malformed("text/surrogate-in-name", with_parameters('{"\\ud800":1}'), "/parameters/\\ud800")
    yield malformed(
        "text/surrogate-in-licet-member", compact(MINIMAL).replace(b"FIN-7", b"\\ud800"), "/idempotency_key"
    )


def encodings() -> Iterator[Bad]:
    plain = compact(MINIMAL).decode()
    yield malformed("bytes/bom", plain.encode("utf-8-sig"))
    for encoding in ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"):
        yield malformed(f"bytes/{encoding}", plain.encode(encoding))
    ill_formed = {
        "latin-1": b"\xe9", "lone-continuation": b"\x80", "overlong-solidus": b"\xc0\xaf",
        "overlong-nul": b"\xc0\x80", "encoded-surrogate": b"\xed\xa0\x80",
        "encoded-pair": b"\xed\xa0\xbd\xed\xb8\x80", "above-10ffff": b"\xf4\x90\x80\x80", "ff": b"\xff",
        "cut-short": b"\xe2\x82", "five-bytes": b"\xf8\x88\x80\x80\x80",
    }  # fmt: skip
    for name, sequence in ill_formed.items():
        document, _ = at("parameters", HOLE)
        yield malformed(f"bytes/{name}", document.replace(b"@@", sequence))
    yield malformed("bytes/ff-after-the-end", plain.encode() + b"\xff")


def syntax() -> Iterator[Bad]:
    plain = compact(MINIMAL)
    whole = {
        "empty": b"", "white-space-only": b" \n", "nul-only": b"\x00", "nul-after": plain + b"\x00",
        "trailing-letter": plain + b"x", "trailing-brace": plain + b"}", "two-documents": plain + plain,
        "two-lines": plain + b"\n" + plain, "trailing-comma": plain[:-1] + b",}", "cut": plain[:-1],
        "leading-comma": b"{," + plain[1:], "comment": plain + b"//x", "block-comment": b"/**/" + plain,
        "single-quotes": plain.replace(b'"', b"'"), "bare-name": plain.replace(b'"surface"', b"surface"),
        "no-colon": plain.replace(b":", b" ", 1), "semicolon": plain.replace(b",", b";", 1),
        "double-comma": plain.replace(b",", b",,", 1), "nbsp": b"\xc2\xa0" + plain,
        "form-feed": b"\x0c" + plain, "vertical-tab": plain + b"\x0b", "record-separator": b"\x1e" + plain,
        "line-separator": plain + b"\xe2\x80\xa8", "form-encoded": b"surface=a&action=b",
        "xml": b"<request/>", "yaml": b"surface: a", "number-name": b"{1:2}", "true-name": b"{true:1}",
        "prefix": b")]}',\n" + plain,
    }  # fmt: skip
    for name, document in whole.items():
        yield malformed(f"syntax/{name}", document)
    tokens = {
        "raw-newline": '"\n"', "raw-tab": '"\t"', "raw-nul": '"\x00"', "raw-1f": '"\x1f"',
        "escape-x": '"\\x41"', "escape-single-quote": '"\\\'"', "escape-u-short": '"\\u12"',
        "escape-u-not-hex": '"\\u12g4"', "escape-upper-u": '"\\U0041"', "unclosed-string": '"abc',
        "escape-at-end": '"abc\\', "true-capital": "True", "none": "None", "undefined": "undefined",
        "null-capital": "NULL", "array-trailing-comma": "[1,]", "array-hole": "[1,,2]",
        "array-unclosed": "[1", "object-trailing-comma": '{"a":1,}', "brackets-crossed": '[{"a":1]}',
        "adjacent-values": "1 2", "nothing": "",
    }  # fmt: skip
    for name, token in tokens.items():
        yield malformed(f"syntax/{name}", at("parameters", token)[0])


def bounds() -> Iterator[Bad]:
    room = limits.BODY_BYTES_MAX - len(with_parameters('{"v":""}')) + 1
    yield "bound/size-64-kib-and-1", with_parameters(f'{{"v":"{"x" * room}"}}'), "too_large", ""
    yield "bound/size-by-white-space", compact(MINIMAL).ljust(limits.BODY_BYTES_MAX + 1), "too_large", ""
    inner = limits.DEPTH_MAX - 1
    arrays = '{"v":' + "[" * inner + "]" * inner + "}"
    yield malformed("bound/depth-33-arrays", with_parameters(arrays), "/parameters/v" + "/0" * (inner - 1))
    objects = '{"v":' * inner + "{}" + "}" * inner
    yield malformed("bound/depth-33-objects", with_parameters(objects), "/parameters" + "/v" * inner)
    late = '{"v":"]]","w":[1,{"x":' + "[" * 29 + "]" * 29 + "}]}"
    yield malformed("bound/depth-33-mixed", with_parameters(late), "/parameters/w/1/x" + "/0" * 28)
    depth = limits.DEPTH_MAX
    yield malformed("bound/open-arrays-20000", b"[" * 20_000, "/0" * depth)
    yield malformed("bound/open-objects-5000", b'{"a":' * 5_000, "/a" * depth)
    yield malformed("bound/open-both-5000", b'[{"a":' * 5_000, "/0/a" * (depth // 2))
    left = limits.MEMBERS_MAX - 4 - 2 - 1 + 1
    array = '{"v":[' + ",".join("0" * (left - 1)) + "]}"
    yield malformed("bound/members-1001-array", with_parameters(array), "/parameters/v")
    listed = ",".join(f'"n{number}":0' for number in range(left))
    yield malformed("bound/members-1001-object", with_parameters("{" + listed + "}"), "/parameters")
    spread = '{"v":[' + ",".join("[0]" for _ in range(500)) + "]}"
    yield malformed("bound/members-spread", with_parameters(spread), "/parameters/v/492")


def missing() -> Iterator[Bad]:
    for name in MINIMAL:
        rest = {other: value for other, value in MINIMAL.items() if other != name}
        yield malformed(f"shape/{name}-missing", compact(rest), f"/{name}")
    yield malformed("shape/empty-object", b"{}", "/surface")
    for name in ("actor", "target"):
        for inner in ("type", "id"):
            rest = {other: value for other, value in LINK.items() if other != inner}
            yield malformed(
                f"shape/{name}-{inner}-missing", compact(MINIMAL | {name: rest}), f"/{name}/{inner}"
            )
            linked = MINIMAL | {"actor": {**LINK, "on_behalf_of": [LINK, rest]}}
            if name == "actor":
                pointer = f"/actor/on_behalf_of/1/{inner}"
                yield malformed(f"shape/on-behalf-of-{inner}-missing", compact(linked), pointer)


def wrong_types() -> Iterator[Bad]:
    examples: dict[str, JsonValue] = {
        "null": None, "boolean": True, "integer": 7, "string": "7", "array": [], "object": {},
    }  # fmt: skip
    takes = {
        "surface": "string", "action": "string", "idempotency_key": "string", "audience": "string",
        "parent": "string", "actor": "object", "target": "object", "parameters": "object",
        "context": "object", "min_policy_version": "integer",
    }  # fmt: skip
    for name, kind in takes.items():
        for wrong, value in examples.items():
            if wrong != kind:
                yield malformed(f"shape/{name}-is-{wrong}", compact(MINIMAL | {name: value}), f"/{name}")
    for wrong, value in examples.items():
        if wrong != "object":
            yield malformed(f"shape/document-is-{wrong}", compact(value))
        if wrong != "string":
            for member in ("type", "id"):
                actor = compact(MINIMAL | {"actor": {**LINK, member: value}})
                yield malformed(f"shape/actor-{member}-is-{wrong}", actor, f"/actor/{member}")
        for member, kind in (("attributes", "object"), ("on_behalf_of", "array")):
            if wrong != kind:
                actor = compact(MINIMAL | {"actor": {**LINK, member: value}})
                yield malformed(f"shape/actor-{member}-is-{wrong}", actor, f"/actor/{member}")
        if wrong != "object":
            actor = compact(MINIMAL | {"actor": {**LINK, "on_behalf_of": [value]}})
            yield malformed(f"shape/on-behalf-of-0-is-{wrong}", actor, "/actor/on_behalf_of/0")
    yield malformed(
        "shape/version-negative", compact(MINIMAL | {"min_policy_version": -1}), "/min_policy_version"
    )
    nine = compact(MINIMAL | {"actor": {**LINK, "on_behalf_of": [LINK] * (limits.ON_BEHALF_OF_MAX + 1)}})
    yield malformed("shape/on-behalf-of-9", nine, "/actor/on_behalf_of")


def grammars() -> Iterator[Bad]:
    shared = {
        "empty": "", "space": "a b", "leading-space": " a", "trailing-newline": "a\n", "nul": "a\x00",
        "cyrillic-a": "p\u0430yments", "fullwidth": "\uff50ay", "right-to-left-override": "a\u202eb",
        "zero-width": "a\u200bb", "accent": "caf\u00e9", "dotless-i": "pa\u0131", "kelvin-sign": "\u212a",
    }  # fmt: skip
    own = {
        "surface": {
            "upper-case": "Payments", "digit-first": "1pay", "dot-first": ".pay", "dot-last": "pay.",
            "dots": "pay..x", "slash": "pay/x", "too-long": "s" * 129, "dash-first": "-pay",
        },
        "action": {
            "dot-first": ".x", "dash-first": "-x", "slash-first": "/x", "star": "*", "too-long": "A" * 129,
        },
        "idempotency_key": {"plus": "a+b", "equals": "a=b", "star": "*", "too-long": "k" * 129},
        "audience": {"star": "*", "dash-first": "-a", "at-first": "@a", "too-long": "a" * 129},
        "parent": {
            "uuid4": "0192f3a1-7c00-4abc-8def-0123456789ab",
            "upper-case": "01936F5E-7C00-7ABC-8DEF-0123456789AB",
            "variant": "01936f5e-7c00-7abc-cdef-0123456789ab",
            "no-dashes": "01936f5e7c007abc8def0123456789ab",
            "braces": "{01936f5e-7c00-7abc-8def-0123456789a}",
            "too-long": "01936f5e-7c00-7abc-8def-0123456789abc",
            "urn": "urn:uuid:01936f5e-7c00-7abc-8def-012",
        },
    }  # fmt: skip
    for member, texts_of in own.items():
        for name, text in (shared | texts_of).items():
            yield malformed(f"shape/{member}-{name}", compact(MINIMAL | {member: text}), f"/{member}")
    entity = {
        "type": {"digit-first": "9a", "dash": "a-b", "dot": "a.b", "colons": "a::b", "too-long": "T" * 65},
        "id": {"delete": "a\x7f", "too-long": "i" * 257, "tab": "a\tb"},
    }
    for member, texts_of in entity.items():
        for name, text in (shared | texts_of).items():
            document = compact(MINIMAL | {"target": {**LINK, member: text}})
            yield malformed(f"shape/target-{member}-{name}", document, f"/target/{member}")


def unknown() -> Iterator[Bad]:
    for name in (
        "extra",
        "Surface",
        "surf\u0430ce",
        "surface ",
        "__proto__",
        "",
        "x/y~z",
        "tenant",
        "outcome",
    ):
        pointer = "/" + name.replace("~", "~0").replace("/", "~1")
        yield malformed(f"shape/unknown-{json.dumps(name)[1:-1]}", compact(MINIMAL | {name: 1}), pointer)
    places: dict[str, tuple[JsonObject, str]] = {
        "actor": (MINIMAL | {"actor": {**LINK, "role": "cfo"}}, "/actor/role"),
        "target": (MINIMAL | {"target": {**LINK, "attributes": {}}}, "/target/attributes"),
        "link": (
            MINIMAL | {"actor": {**LINK, "on_behalf_of": [{**LINK, "attributes": {}}]}},
            "/actor/on_behalf_of/0/attributes",
        ),
    }
    for name, (document, pointer) in places.items():
        yield malformed(f"shape/unknown-in-{name}", compact(document), pointer)
