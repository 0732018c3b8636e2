"""Write `vectors/{request,effect,canonical}/cases.jsonl`: `PYTHONPATH=tests python -m protocol.make_vectors`.

What a case expects never comes from licet: canonical bytes are those of the `rfc8785` package, digests
those of `hashlib`, codes and pointers stand beside the case as a person wrote them.
"""

from __future__ import annotations

import hashlib
import json
from base64 import b64encode
from collections.abc import Iterator

import rfc8785

from licet.protocol.types import JsonObject, JsonValue
from protocol.bad_requests import bad_requests
from protocol.good_requests import FULL, good_requests
from support.vectors import FOLDER

EFFECT_MEMBERS = ("surface", "action", "target", "parameters")


def main() -> None:
    """Write every generated file."""
    for name, content in generated().items():
        place = FOLDER / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)


def generated() -> dict[str, bytes]:
    """Path below `vectors/` to content."""
    files = {
        "request/cases.jsonl": [*map(_good, good_requests()), *map(_bad, bad_requests())],
        "effect/cases.jsonl": list(effects()),
        "canonical/cases.jsonl": list(canonical_values()),
    }
    return {name: b"".join(rfc8785.dumps(case) + b"\n" for case in cases) for name, cases in files.items()}


def tagged(tag: str, body: bytes) -> str:
    """``sha256:`` of the tag line and the canonical bytes."""
    return "sha256:" + hashlib.sha256(tag.encode() + body).hexdigest()


def effect_body(request: JsonObject) -> bytes:
    """The canonical bytes of what ``effect_digest`` covers."""
    return rfc8785.dumps({name: request[name] for name in EFFECT_MEMBERS if name in request})


def case(name: str, document: bytes, expect: JsonObject) -> JsonObject:
    return {"name": name, "document_base64": text_of(document), "expect": expect}


def text_of(data: bytes) -> str:
    return b64encode(data).decode()


def _good(named: tuple[str, bytes]) -> JsonObject:
    name, document = named
    request = json.loads(document)
    body = rfc8785.dumps({member: request[member] for member in request if member != "idempotency_key"})
    expect: JsonObject = {
        "ok": True,
        "digest": tagged("licet/request/v1\n", body),
        "effect_digest": tagged("licet/effect/v1\n", effect_body(request)),
        "canonical_base64": text_of(body),
    }
    return case(name, document, expect)


def _bad(named: tuple[str, bytes, str, str]) -> JsonObject:
    name, document, code, pointer = named
    return case(name, document, {"ok": False, "code": code, "pointer": pointer})


def effects() -> Iterator[JsonObject]:
    """Effects near to each other, all of which differ; spellings of one effect, which do not."""
    whole: JsonObject = {name: FULL[name] for name in EFFECT_MEMBERS}
    bare: JsonObject = {"surface": "payments.transfer", "action": "transfer"}
    v: dict[str, JsonValue] = {
        "null": None, "true": True, "false": False, "zero": 0, "one": 1, "minus-one": -1, "text-one": "1",
        "empty-text": "", "empty-array": [], "empty-object": {}, "array-of-one": [1], "array-of-array": [[1]],
        "text-true": "true", "text-null": "null", "nfc": "\u00e9", "nfd": "e\u0301", "space": "1 ",
        "astral": "\U0001f600", "int-max": 2**53 - 1, "int-min": -(2**53 - 1),
    }  # fmt: skip
    documents: dict[str, bytes] = {
        "whole": json.dumps(whole).encode(),
        "whole-reversed": json.dumps(dict(reversed(list(whole.items())))).encode(),
        "whole-indented": json.dumps(whole, indent=1).encode(),
        "bare": json.dumps(bare).encode(),
        "target-only": json.dumps(bare | {"target": whole["target"]}).encode(),
        "parameters-empty": json.dumps(bare | {"parameters": {}}).encode(),
        "names-by-utf16": json.dumps(
            bare | {"parameters": {"\ufb33": 1, "\U0001f600": 2, "\u20ac": 3}}, ensure_ascii=False
        ).encode(),
    }
    for name, value in v.items():
        documents[f"parameter-{name}"] = json.dumps(bare | {"parameters": {"v": value}}).encode()
    for name, document in documents.items():
        body = effect_body(json.loads(document))
        digest = tagged("licet/effect/v1\n", body)
        yield case(name, document, {"effect_digest": digest, "canonical_base64": text_of(body)})


def canonical_values() -> Iterator[JsonObject]:
    """Values of the profile in any spelling, and their one canonical form."""
    spelled = {
        "null": "null", "true": " true ", "zero": "0", "negative": "-17", "int-max": "9007199254740991",
        "int-min": "-9007199254740991", "empty-string": '""', "empty-array": "[ ]", "empty-object": "{ }",
        "array-order-kept": "[3, 1, 2]", "names-sorted": '{"b":1,"a":2,"B":3,"":4}',
        "names-prefix": '{"ab":1,"a":2,"a\\u0000":3,"b":4}', "integer-like-names": '{"10":1,"9":2,"1":3}',
        "proto": '{"z":1,"__proto__":2}', "nested": '{"b":[{"d":1,"c":{"f":[],"e":{}}}],"a":null}',
        "utf16-order": '{"\ue000":1,"\U0001f389":2,"\uffff":3,"\U0010ffff":4}',
        "latin-order": '{"\u0100":1,"\u00ff":2,"\x7f":3,"~":4}', "short-escapes": '"\\b\\t\\n\\f\\r\\"\\\\"',
        "solidus-not-escaped": '"\\/"', "control-escapes-lower": '"\\u0000\\u001F\\u000B"',
        "delete-not-escaped": '"\\u007f"', "line-separators-not-escaped": '"\\u2028\\u2029"',
        "non-ascii-not-escaped": '"\\u00e9\\u20ac"', "pair-joined": '"\\ud83d\\ude00"',
        "not-normalised": '["\u00e9","e\u0301","\u212b","\ufb01"]', "bom-inside": '"\ufeff"',
        "white-space": ' {\t"a"\n:\r[ 1 , 2 ] } ',
    }  # fmt: skip
    for name, text in spelled.items():
        expect: JsonObject = {"canonical_base64": text_of(rfc8785.dumps(json.loads(text)))}
        yield case(name, text.encode(), expect)


if __name__ == "__main__":
    main()
