"""The story, step by step, with every line that must come out as listed (``experience.md`` 4)."""

from __future__ import annotations

from typing import Final

from licet.cli.demo.cast import ACCOUNT, Answered, Books, Cast, Payment, money
from licet.cli.demo.drill import drill
from licet.cli.demo.stage import Stage
from licet.errors import NotRecorded
from licet.gate.decision import Decision
from licet.protocol.canonical import canonical_bytes

PAID: Final = Payment("demo-1")
STRANGER: Final = Payment("demo-2", agent="marketing-bot")
BLOCKED: Final = Payment("demo-3", payee="umbrella")
UNUSED: Final = Payment("demo-4")
LATER: Final = Payment("demo-5")
UNCHANGED: Final = "1 -> 1 transfers, 960.00 USD left"
FORGED: Final = "FAILED at V06 signature, exit 10"


def play(stage: Stage, cast: Cast) -> None:
    """All steps, in order."""
    _set_up(stage, cast)
    permit = _permit(stage, cast)
    _replay(stage, cast, permit)
    silence = _silence(stage, cast)
    deny = _deny(stage, cast)
    unused = _swap(stage, cast)
    _authority_down(stage, cast, unused)
    _authority_back(stage, cast, permit)
    _verify(stage, cast, permit, silence, deny)
    _forge(stage, cast, permit)
    drill(stage, cast)


def _set_up(stage: Stage, cast: Cast) -> None:
    stage.step("Three processes: who decides, who pays, who asks")
    stage.command("licet init home")
    made = cast.licet("init", "home")
    stage.demand("init", f"exit {made.code}", "exit 0")
    stage.tell("policy", "home/bundle: who may pay how much to whom; its tests hold, it is active")
    stage.command("licet serve --home home")
    cast.start_authority()
    stage.tell("authority", f"decides, on {cast.url}; it cannot pay")
    stage.command(
        "python -m licet.cli.demo.executor bank unix:home/data/licet.sock home/trust executor.token"
    )
    cast.start_executor()
    stage.tell("executor", f"pays, on {cast.executor_url}; it alone holds the bank's credential")
    stage.tell("agent", "asks: this process; it cannot pay and cannot decide")
    stage.demand("ledger", _books(cast.books(), cast.books()), "0 -> 0 transfers, 1000.00 USD left")


def _permit(stage: Stage, cast: Cast) -> Decision:
    stage.step("PERMIT: 40.00 to acme, paid once")
    decision = _ask(stage, cast, PAID, "PERMIT permitted", 0)
    _pay(stage, cast, decision, PAID, answer="201 executed", books="0 -> 1 transfers, 960.00 USD left")
    return decision


def _replay(stage: Stage, cast: Cast, permit: Decision) -> None:
    stage.step("Replay: the same permit once more", at_once=True)
    _pay(stage, cast, permit, PAID, answer="409 already_claimed", books=UNCHANGED)


def _silence(stage: Stage, cast: Cast) -> Decision:
    stage.step("SILENCE: no rule lets marketing-bot pay, and the receipt of a SILENCE opens nothing")
    decision = _ask(stage, cast, STRANGER, "SILENCE no_permit", 4)
    _pay(stage, cast, decision, STRANGER, answer="403 permit_invalid", books=UNCHANGED)
    return decision


def _deny(stage: Stage, cast: Cast) -> Decision:
    stage.step("DENY: a rule forbids this payee, and the receipt of a DENY opens nothing")
    decision = _ask(stage, cast, BLOCKED, "DENY forbidden", 3)
    _pay(stage, cast, decision, BLOCKED, answer="403 permit_invalid", books=UNCHANGED)
    return decision


def _swap(stage: Stage, cast: Cast) -> Decision:
    stage.step("Swap: a fresh permit for 40.00 to acme, used for 90.00 to mallory")
    decision = _ask(stage, cast, UNUSED, "PERMIT permitted", 0)
    other = UNUSED._replace(amount_minor=9_000, payee="mallory")
    _pay(stage, cast, decision, other, answer="409 effect_mismatch", books=UNCHANGED)
    stage.note("The executor digests what it is about to run; this permit is still unused.")
    return decision


def _authority_down(stage: Stage, cast: Cast, unused: Decision) -> None:
    stage.step("The authority is killed: no answer is not a yes", at_once=True)
    stage.command("kill -9 AUTHORITY")
    cast.kill_authority()
    before = cast.books()
    _command(stage, cast, LATER)
    decision = cast.ask(LATER)
    stage.demand("answer", f"{decision.outcome.value} {decision.failure}", "SILENCE unreachable")
    stage.demand("receipt", decision.receipt or "none: nothing was recorded", "none: nothing was recorded")
    ran = cast.licet(*_authorize(cast, LATER))
    stage.demand("command", f"exit {ran.code}", "exit 30")
    stage.demand("ledger", _books(before, cast.books()), UNCHANGED)
    stage.note("And the unused permit of the step before, genuine and not expired:")
    _pay(stage, cast, unused, UNUSED, answer="503 unreachable", books=UNCHANGED)


def _authority_back(stage: Stage, cast: Cast, permit: Decision) -> None:
    stage.step("The authority is back: what it acknowledged is still there")
    stage.command("licet serve --home home")
    cast.start_authority()
    again = _ask(stage, cast, PAID, "PERMIT permitted", 0)
    same = "the same bytes" if again.receipt == permit.receipt else "other bytes"
    stage.demand("receipt", f"for the key of step 2: {same}", "for the key of step 2: the same bytes")
    ran = cast.licet("log", "verify", "--home", "home")
    stage.command("licet log verify --home home")
    stage.demand("log", _first_word(ran.stdout) + f" exit {ran.code}", "VERIFIED exit 0")


def _verify(stage: Stage, cast: Cast, *decisions: Decision) -> None:
    stage.step("Anybody can check it: offline, with nothing but the trust folder")
    ids = [str(decision.receipt_id) for decision in decisions]
    stage.command("licet receipt export ID ID ID -o evidence --home home")
    exported = cast.licet("receipt", "export", *ids, "-o", "evidence", "--home", "home")
    stage.demand("export", f"exit {exported.code}", "exit 0")
    stage.command("licet verify evidence/ID.jws --trust home/trust        (every socket refused)")
    for decision, receipt_id in zip(decisions, ids, strict=True):
        report = cast.launcher.run(
            "licet.cli.demo.offline", "verify", f"evidence/{receipt_id}.jws", "--trust", "home/trust"
        )
        ticks = sum(line.strip().startswith("ok") for line in report.stdout.splitlines())
        verdict = _verdict(report.stdout)
        stage.demand(
            decision.outcome.value,
            f"{verdict}, {ticks} steps ok, exit {report.code}",
            "VERIFIED, 12 steps ok, exit 0",
        )


def _forge(stage: Stage, cast: Cast, permit: Decision) -> None:
    stage.step("A forgery: one byte of a copy is flipped")
    evidence = cast.folder / "evidence"
    genuine = (evidence / f"{permit.receipt_id}.jws").read_bytes()
    at = genuine.rindex(b".") + 1
    flipped = b"B" if genuine[at : at + 1] == b"A" else b"A"
    (evidence / "copy.jws").write_bytes(genuine[:at] + flipped + genuine[at + 1 :])
    proof = f"evidence/{permit.receipt_id}.tlog-proof"
    stage.command("licet verify evidence/copy.jws --proof evidence/ID.tlog-proof --trust home/trust")
    report = cast.launcher.run(
        "licet.cli.demo.offline", "verify", "evidence/copy.jws", "--proof", proof, "--trust", "home/trust"
    )
    stage.demand(
        "copy", f"{_verdict(report.stdout)} at {_failed_at(report.stdout)}, exit {report.code}", FORGED
    )
    stage.note("The original in the log is untouched; so is the bank.")
    stage.demand("ledger", _books(cast.books(), cast.books()), UNCHANGED)


def _ask(stage: Stage, cast: Cast, payment: Payment, expected: str, code: int) -> Decision:
    """Ask as the agent, and by the command line with the same key: one decision, one receipt."""
    _command(stage, cast, payment)
    decision = cast.ask(payment)
    stage.demand("answer", f"{decision.outcome.value} {decision.reason or decision.failure}", expected)
    for rule in decision.explanation:
        stage.tell("because", f"{rule.policy}: {rule.text}" if rule.policy else rule.text)
    stage.tell("receipt", str(decision.receipt_id))
    ran = cast.licet(*_authorize(cast, payment))
    stage.demand(
        "command", f"exit {ran.code}, {_same(ran.stdout, decision)}", f"exit {code}, the same receipt"
    )
    return decision


def _pay(stage: Stage, cast: Cast, decision: Decision, payment: Payment, *, answer: str, books: str) -> None:
    """Hand the receipt to the executor and look at the ledger before and after."""
    if decision.receipt is None:
        raise NotRecorded("the demo holds no receipt to hand over", mend="run `licet demo --debug`")
    before = cast.books()
    stage.command(f"POST {cast.executor_url}/transfers   {payment.told()}")
    told: Answered = cast.hand_over(decision.receipt, payment)
    stage.demand("executor", f"{told.status} {told.code}", answer)
    stage.demand("ledger", _books(before, cast.books()), books)


def _authorize(cast: Cast, payment: Payment) -> tuple[str, ...]:
    name = f"{payment.key}.json"
    (cast.folder / name).write_bytes(_request(payment))
    return ("authorize", "-f", name, "--url", cast.url, "--token-file", "home/data/owner.token", "--json")


def _request(payment: Payment) -> bytes:
    return canonical_bytes(
        {
            "surface": "payments.transfer",
            "action": "transfer",
            "actor": {"type": "agent", "id": payment.agent},
            "target": {"type": "account", "id": ACCOUNT},
            "parameters": {"amount_minor": payment.amount_minor, "currency": "USD", "payee": payment.payee},
            "idempotency_key": payment.key,
        }
    )


def _command(stage: Stage, cast: Cast, payment: Payment) -> None:
    stage.tell("asks", f"{payment.agent}: pay {payment.told()}")
    stage.command(f"licet {' '.join(_authorize(cast, payment)[:-1])}")


def _same(stdout: str, decision: Decision) -> str:
    return "the same receipt" if decision.receipt and f'"{decision.receipt}"' in stdout else "another receipt"


def _books(before: Books, after: Books) -> str:
    return f"{before.transfers} -> {after.transfers} transfers, {money(after.balance_minor)} USD left"


def _first_word(text: str) -> str:
    return text.split(maxsplit=1)[0] if text.strip() else "nothing"


def _verdict(text: str) -> str:
    return _first_word(text.strip().splitlines()[-1]) if text.strip() else "nothing"


def _failed_at(text: str) -> str:
    last = text.strip().splitlines()[-1] if text.strip() else ""
    return last.partition(" at ")[2].partition(":")[0]
