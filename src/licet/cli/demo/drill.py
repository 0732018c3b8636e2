"""The drill at the end of the demo: kill it under load, change a copy, put an old copy back.

Each time the question is what licet says, and whether anything that was acknowledged is gone.
"""

from __future__ import annotations

import shutil
import sqlite3
import threading
from collections.abc import Iterator
from typing import Final

from licet.cli.demo.cast import Cast, Payment
from licet.cli.demo.stage import Stage
from licet.gate.decision import Decision

AGENTS: Final = 4
ACKNOWLEDGED_BEFORE_THE_KILL: Final = 40
ENOUGH: Final = "40 or more were acknowledged"
NONE_LOST: Final = "0 of them; each key has its first receipt"
_WAIT_S: Final = 30.0
_CHANGED_LEAF: Final = 2
"""The permit of step 2: leaf 0 is the log's genesis, leaf 1 the policy."""


def drill(stage: Stage, cast: Cast) -> None:
    """All three, in order; the demo's own authority is stopped at the end."""
    stage.step("Drill: killed under load")
    _back_up(stage, cast)
    acknowledged = _load_until_killed(stage, cast)
    _ask_again(stage, cast, acknowledged)
    stage.step("Drill: somebody edits a copy of the database")
    _tamper(stage, cast)
    stage.step("Drill: somebody puts an old copy back")
    _rewind(stage, cast)


def _back_up(stage: Stage, cast: Cast) -> None:
    stage.command("licet backup old --home home        (while it serves)")
    made = cast.licet("backup", "old", "--home", "home")
    stage.demand("backup", f"{_head(made.stdout, 2)}, exit {made.code}", "BACKED UP, exit 0")


def _load_until_killed(stage: Stage, cast: Cast) -> dict[str, str]:
    acknowledged: dict[str, str] = {}
    enough, over = threading.Event(), threading.Event()

    def agent(number: int) -> None:
        for payment in _payments(number):
            decision = cast.ask(payment)
            if decision.recorded and decision.receipt is not None:
                acknowledged[payment.key] = decision.receipt
            if len(acknowledged) >= ACKNOWLEDGED_BEFORE_THE_KILL:
                enough.set()
            if over.is_set() or not decision.recorded:
                return

    agents = [threading.Thread(target=agent, args=(number,), daemon=True) for number in range(AGENTS)]
    for one in agents:
        one.start()
    enough.wait(_WAIT_S)
    stage.tell("agents", f"{AGENTS} ask at once, {ACKNOWLEDGED_BEFORE_THE_KILL} answers and more")
    stage.command("kill -9 AUTHORITY")
    cast.kill_authority()
    over.set()
    for one in agents:
        one.join(_WAIT_S)
    return dict(acknowledged)


def _ask_again(stage: Stage, cast: Cast, acknowledged: dict[str, str]) -> None:
    stage.command("licet serve --home home, and each key once more")
    cast.start_authority()
    again = [_receipt(cast.ask(payment)) == acknowledged[payment.key] for payment in _known(acknowledged)]
    enough = len(acknowledged) >= ACKNOWLEDGED_BEFORE_THE_KILL
    stage.demand(
        "kept", "40 or more were acknowledged" if enough else "too few", "40 or more were acknowledged"
    )
    stage.demand("lost", f"{again.count(False)} of them; each key has its first receipt", NONE_LOST)
    ran = cast.licet("log", "verify", "--home", "home")
    stage.demand("log", f"{_head(ran.stdout, 1)}, exit {ran.code}", "VERIFIED, exit 0")


def _tamper(stage: Stage, cast: Cast) -> None:
    cast.stop_authority()
    shutil.copytree(cast.home, cast.folder / "copy")
    _turn_the_permit(cast)
    stage.command("licet log verify --home copy")
    ran = cast.licet("log", "verify", "--home", "copy")
    named = f"leaf {_CHANGED_LEAF} " in ran.stdout
    stage.demand(
        "copy",
        f"{_head(ran.stdout, 1)}, {'names the leaf' if named else 'names no leaf'}, exit {ran.code}",
        "FAILED, names the leaf, exit 10",
    )
    stage.tell("said", _said(ran.stdout, "  leaf "))
    stage.command("licet serve --home copy")
    refused = cast.licet("serve", "--home", "copy", "--listen", "127.0.0.1:0")
    stage.demand("serve", f"{_code(refused.stderr)}, exit {refused.code}", "store_corrupt, exit 10")
    stage.tell("said", _said(refused.stderr, "error["))


def _rewind(stage: Stage, cast: Cast) -> None:
    for path in cast.home.glob("data/licet.db*"):
        path.unlink()
    stage.command("rm home/data/licet.db; licet restore old --home home")
    restored = cast.licet("restore", "old", "--home", "home")
    stage.demand("restore", f"{_head(restored.stdout, 1)}, exit {restored.code}", "RESTORED, exit 10")
    stage.note("The copy is whole and genuine; it is only older than what was published.")
    stage.command("licet serve --home home")
    refused = cast.licet("serve", "--home", "home", "--listen", "127.0.0.1:0")
    stage.demand("serve", f"{_code(refused.stderr)}, exit {refused.code}", "store_rewound, exit 10")
    stage.tell("said", _said(refused.stderr, "error["))


def _turn_the_permit(cast: Cast) -> None:
    """What a database administrator can do: one character of one receipt."""
    database = sqlite3.connect(cast.folder / "copy" / "data" / "licet.db")
    with database:
        database.execute("UPDATE receipts SET jws = replace(jws, 'a', 'b') WHERE idx = ?", (_CHANGED_LEAF,))
    database.close()


def _payments(agent: int) -> Iterator[Payment]:
    for number in range(100_000):
        yield Payment(f"load-{agent}-{number}")


def _known(acknowledged: dict[str, str]) -> list[Payment]:
    return [Payment(key) for key in sorted(acknowledged)]


def _receipt(decision: Decision) -> str | None:
    return decision.receipt


def _head(text: str, words: int) -> str:
    return " ".join(text.split()[:words]) if text.strip() else "nothing"


def _said(text: str, start: str) -> str:
    """The first line that begins so, without its code."""
    found = next((line for line in text.splitlines() if line.startswith(start)), "nothing")
    return found.partition("]: ")[2] or found.strip()


def _code(stderr: str) -> str:
    """The code in the first `error[code]: ...` line."""
    found = next((line for line in stderr.splitlines() if line.startswith("error[")), "")
    return found.removeprefix("error[").partition("]")[0] or "no error"
