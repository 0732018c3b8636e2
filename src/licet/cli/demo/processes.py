"""Starting and stopping the demo's processes: only those it started, by their own handles."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Final, NamedTuple

from licet.errors import Unreachable

START_WAIT_S: Final = 20.0
STOP_WAIT_S: Final = 5.0
RUN_WAIT_S: Final = 60.0


class Ran(NamedTuple):
    """A command that ended."""

    code: int
    stdout: str
    stderr: str


class Child:
    """A process that serves until it is stopped. Its lines are read as they come, so that it never blocks."""

    def __init__(self, process: subprocess.Popen[str], stream: IO[str]) -> None:
        """Read ``stream`` (its stdout or stderr) from now on."""
        self._process = process
        self._lines: list[str] = []
        self._found = threading.Condition()
        self._ended = False
        threading.Thread(target=self._read, args=(stream,), daemon=True).start()

    def wait_for(self, start: str) -> str:
        """What follows ``start`` in the first line that begins with it.

        Raises:
            Unreachable: the process ended, or said nothing like it in time.
        """
        with self._found:
            self._found.wait_for(lambda: self._ended or self._line(start) is not None, START_WAIT_S)
            line = self._line(start)
            told = " / ".join(self._lines[-3:])
        if line is None:
            raise Unreachable(f"a process of the demo did not start: {told}", mend="run `licet demo --debug`")
        return line.removeprefix(start)

    def kill(self) -> None:
        """SIGKILL: no farewell, no flush. What was acknowledged must be on disk already."""
        self._process.kill()
        self._process.wait(STOP_WAIT_S)

    def stop(self) -> None:
        """Ask it to end, and end it when it does not."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(STOP_WAIT_S)
            except subprocess.TimeoutExpired:
                self.kill()

    def _line(self, start: str) -> str | None:
        return next((line for line in self._lines if line.startswith(start)), None)

    def _read(self, stream: IO[str]) -> None:
        for line in stream:
            with self._found:
                self._lines.append(line.rstrip("\n"))
                self._found.notify_all()
        with self._found:
            self._ended = True
            self._found.notify_all()
        stream.close()


class Launcher:
    """Runs this project's own programs in the demo's folder, with one environment."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        """Settings of the reader's own homes stay out: the demo has its own."""
        self._folder = folder
        self._environment = {
            name: value for name, value in environment.items() if not name.startswith("LICET")
        }

    def run(self, module: str, *arguments: str) -> Ran:
        """Run one command to its end."""
        done = subprocess.run(  # noqa: S603 - our own interpreter and module, no shell
            self._command(module, arguments),
            check=False,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=RUN_WAIT_S,
            cwd=self._folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    def start(self, module: str, *arguments: str, talks_on: str) -> Child:
        """Start a process that serves; its lines are read from ``talks_on``: stdout or stderr."""
        process = subprocess.Popen(  # noqa: S603 - our own interpreter and module, no shell
            self._command(module, arguments),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE if talks_on == "stdout" else subprocess.DEVNULL,
            stderr=subprocess.PIPE if talks_on == "stderr" else subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
            cwd=self._folder,
            env=self._environment,
        )
        stream = process.stdout if talks_on == "stdout" else process.stderr
        if stream is None:
            message = "a pipe was asked for"
            raise TypeError(message)
        return Child(process, stream)

    def _command(self, module: str, arguments: Sequence[str]) -> list[str]:
        return [sys.executable, "-m", module, *arguments]
