"""Documents that callers send and get, with every member they may have; and near misses."""

from __future__ import annotations

from licet.protocol.types import JsonObject
from protocol.good_requests import FULL, PARENT

DIGEST = "sha256:" + "0" * 64
EFFECT: JsonObject = {name: FULL[name] for name in ("surface", "action", "target", "parameters")}
ANSWER: JsonObject = {
    "outcome": "PERMIT",
    "reason": "permitted",
    "explanation": [{"policy": "pay-small", "effect": "permit", "text": "Payments up to 100.00 USD"}],
    "obligations": ["notify:secops"],
    "approval": None,
    "receipt": "aGVhZA.cGF5bG9hZA.c2ln",
    "receipt_id": PARENT,
    "log": {"origin": "example.com/licet/main", "index": 41},
    "claim": {"receipt": "aGVhZA.cGF5bG9hZA.c2ln", "receipt_id": PARENT, "index": 42},
}
SILENT: JsonObject = {name: value for name, value in ANSWER.items() if name != "claim"} | {
    "outcome": "SILENCE",
    "reason": "no_permit",
    "explanation": [{"policy": "", "effect": "none", "text": ""}],
    "obligations": [],
}
APPROVAL: JsonObject = {
    "id": PARENT,
    "needs": [{"role": "finance-approver", "count": 2}],
    "expires_at": 1795372800,
    "request_digest": DIGEST,
}
ASKED: JsonObject = SILENT | {"reason": "approval_required", "approval": APPROVAL}
OBSERVED: JsonObject = SILENT | {"reason": "observed", "would": {"outcome": "DENY", "reason": "forbidden"}}
PROBLEM: JsonObject = {
    "type": "urn:licet:error:malformed",
    "title": "Bad Request",
    "status": 400,
    "detail": "the member `amount` stands twice",
    "code": "malformed",
    "mend": "send each member once",
    "pointer": "/parameters/amount",
    "retry_after_s": 1,
}
DOCUMENTS: dict[str, JsonObject] = {
    "claim-ask": {"permit": "a.b.c", "effect": EFFECT, "claim_id": "worker-1"},
    "completion-ask": {
        "receipt_id": PARENT,
        "status": "executed",
        "result_digest": DIGEST,
        "actual": {"fee_minor": 12},
        "statement": "a.b.c",
    },
    "effect": EFFECT,
    "freeze-ask": {"scope": {"actor": {"type": "agent", "id": "finance-bot"}}, "reason": "odd payees"},
    "reason-ask": {"reason": "it was a test"},
    "answer": ANSWER,
    "problem": PROBLEM,
}


def need(**changed: object) -> JsonObject:
    """An asked answer whose one need differs."""
    return ASKED | {"approval": APPROVAL | {"needs": [{"role": "cfo", "count": 1} | changed]}}


def said(**changed: object) -> JsonObject:
    """An answer whose one explanation differs."""
    return ANSWER | {"explanation": [{"policy": "a", "effect": "permit", "text": "b"} | changed]}


VARIANTS: dict[str, tuple[bool, JsonObject]] = {
    "answer/silent": (True, SILENT),
    "answer/asked": (True, ASKED),
    "answer/observed": (True, OBSERVED),
    "answer/observed without would": (True, SILENT | {"reason": "observed"}),
    "answer/deny": (True, SILENT | {"outcome": "DENY", "reason": "forbidden"}),
    "answer/break glass": (True, ANSWER | {"reason": "break_glass"}),
    "answer/nothing to explain": (True, ANSWER | {"explanation": []}),
    "answer/unknown outcome": (False, ANSWER | {"outcome": "ALLOW"}),
    "answer/outcome in lower case": (False, ANSWER | {"outcome": "permit"}),
    "answer/unknown reason": (False, ANSWER | {"reason": "allowed"}),
    "answer/permit that is forbidden": (False, ANSWER | {"reason": "forbidden"}),
    "answer/deny that is permitted": (False, SILENT | {"outcome": "DENY", "reason": "permitted"}),
    "answer/silence that is permitted": (False, SILENT | {"reason": "permitted"}),
    "answer/claim without permit": (False, SILENT | {"claim": ANSWER["claim"]}),
    "answer/approval on a permit": (False, ANSWER | {"approval": APPROVAL}),
    "answer/approval on another silence": (False, SILENT | {"approval": APPROVAL}),
    "answer/approval required without it": (False, ASKED | {"approval": None}),
    "answer/approval is an array": (False, ASKED | {"approval": []}),
    "answer/approval of too many": (False, need(count=17)),
    "answer/approval of nobody": (False, need(count=0)),
    "answer/approval by a bad role": (False, need(role="CFO")),
    "answer/approval with more": (False, need(more=1)),
    "answer/would beside a permit": (False, ANSWER | {"would": OBSERVED["would"]}),
    "answer/would that contradicts itself": (
        False,
        OBSERVED | {"would": {"outcome": "PERMIT", "reason": "forbidden"}},
    ),
    "answer/would with more": (
        False,
        OBSERVED | {"would": {"outcome": "DENY", "reason": "forbidden", "more": 1}},
    ),
    "answer/a preview": (False, ANSWER | {"preview": True}),
    "answer/rule with a bad id": (False, said(policy="Pay Small")),
    "answer/rule of unknown effect": (False, said(effect="allow")),
    "answer/rule with more": (False, said(more=1)),
    "answer/long sentence": (True, said(text="x" * 4096)),
    "answer/too long a sentence": (False, said(text="x" * 4097)),
    "answer/empty obligation": (False, ANSWER | {"obligations": [""]}),
    "answer/obligation that is no text": (False, ANSWER | {"obligations": [1]}),
    "answer/too long an obligation": (False, ANSWER | {"obligations": ["x" * 1025]}),
    "answer/too many obligations": (False, ANSWER | {"obligations": ["x"] * 257}),
    "answer/receipt that is no JWS": (False, ANSWER | {"receipt": "a.b"}),
    "answer/receipt with padding": (False, ANSWER | {"receipt": "YQ==.YQ==.YQ=="}),
    "answer/no receipt": (False, ANSWER | {"receipt": None}),
    "problem/without the optional": (
        True,
        {name: value for name, value in PROBLEM.items() if name not in {"pointer", "retry_after_s"}},
    ),
    "problem/whole document": (True, PROBLEM | {"pointer": ""}),
    "problem/nothing to mend": (True, PROBLEM | {"mend": ""}),
    "problem/with findings": (True, PROBLEM | {"findings": [{"code": "POL001"}]}),
    "problem/a success": (False, PROBLEM | {"status": 200}),
    "problem/code in upper case": (False, PROBLEM | {"code": "MALFORMED"}),
    "problem/of a proxy": (False, {"type": "about:blank", "title": "Bad Gateway", "status": 502}),
    "freeze-ask/all": (True, {"scope": {"all": True}, "reason": "x"}),
    "freeze-ask/tenant": (True, {"scope": {"tenant": True}, "reason": "x"}),
    "freeze-ask/surface": (True, {"scope": {"surface": "payments.transfer"}, "reason": "x" * 1024}),
    "freeze-ask/nothing": (False, {"scope": {}, "reason": "x"}),
    "freeze-ask/two scopes": (False, {"scope": {"all": True, "tenant": True}, "reason": "x"}),
    "freeze-ask/not all": (False, {"scope": {"all": False}, "reason": "x"}),
    "freeze-ask/another tenant": (False, {"scope": {"tenant": "other"}, "reason": "x"}),
    "freeze-ask/actor as text": (False, {"scope": {"actor": "agent/finance-bot"}, "reason": "x"}),
    "freeze-ask/no reason": (False, {"scope": {"all": True}, "reason": ""}),
    "freeze-ask/long reason": (False, {"scope": {"all": True}, "reason": "x" * 1025}),
    "reason-ask/nothing": (False, {}),
    "completion-ask/unknown status": (False, DOCUMENTS["completion-ask"] | {"status": "done"}),
}
