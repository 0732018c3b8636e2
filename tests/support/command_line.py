"""Running `licet` in this process or in one of its own, and homes to run it on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from click.testing import CliRunner

from licet.cli.main import root

REQUEST = {
    "surface": "payments.transfer",
    "action": "transfer",
    "actor": {"type": "agent", "id": "finance-bot"},
    "target": {"type": "account", "id": "acct-42"},
    "parameters": {"amount_minor": 4000, "currency": "USD", "payee": "acme"},
    "idempotency_key": "key-1",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """How a command line ended."""

    code: int
    stdout: str
    stderr: str

    def json(self) -> dict[str, object]:
        """The one object on stdout."""
        document = json.loads(self.stdout)
        assert isinstance(document, dict)
        return document


def licet(*arguments: str, stdin: str | bytes | None = None) -> Ran:
    """Run a command line in this process."""
    done = CliRunner().invoke(root, list(arguments), input=stdin, env=_clean())
    return Ran(code=done.exit_code, stdout=done.stdout, stderr=done.stderr)


def licet_process(*arguments: str, cwd: Path | None = None, env: dict[str, str] | None = None) -> Ran:
    """Run a command line in a process of its own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LICET")}
    done = subprocess.run(
        [sys.executable, "-m", "licet.cli.main", *arguments],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
        cwd=cwd,
        env={**kept, **(env or {})},
        stdin=subprocess.DEVNULL,
    )
    return Ran(code=done.returncode, stdout=done.stdout, stderr=done.stderr)


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A running `licet serve`."""

    url: str
    socket: str
    home: Path

    def token(self, name: str = "owner") -> str:
        """The API key in `data/NAME.token`."""
        return (self.home / "data" / f"{name}.token").read_text().strip()


@contextmanager
def served(home: Path) -> Iterator[Served]:
    """Serve ``home`` in a process of its own, on a free port, until the end of the block."""
    process = subprocess.Popen(
        [sys.executable, "-m", "licet.cli.main", "serve", "--home", str(home), "--listen", "127.0.0.1:0"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    try:
        told = []
        for line in process.stderr:
            told.append(line)
            if line.startswith("listening on "):
                url, _, socket = line.removeprefix("listening on ").strip().partition(" and ")
                yield Served(url=url, socket=socket, home=home)
                break
        else:
            message = "".join(told)
            raise AssertionError(message)
    finally:
        process.terminate()
        process.wait(20)
        process.stderr.close()


def write_request(folder: Path, name: str = "request.json", **changes: object) -> Path:
    """A request file, the usual one with ``changes``."""
    path = folder / name
    path.write_text(json.dumps({**REQUEST, **changes}))
    return path


def parameters(**changes: object) -> dict[str, object]:
    """The usual parameters with ``changes``."""
    usual = REQUEST["parameters"]
    assert isinstance(usual, dict)
    return {**usual, **changes}


def _clean() -> dict[str, str | None]:
    return {
        name: None for name in os.environ if name.startswith("LICET") or name in {"NO_COLOR", "FORCE_COLOR"}
    }
