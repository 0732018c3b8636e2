"""Whatever a verb raises leaves as words and an exit code, never as a traceback, and never as 0."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import click
import pytest

from licet.cli.connection import error_of
from licet.cli.main import ended, usage_of
from licet.cli.remote import Remote
from licet.cli.talk import Talk
from licet.errors import Malformed, NotRecorded, StoreUnknown, Unreachable, Usage
from support.command_line import licet, licet_process, write_request


@pytest.mark.parametrize(
    ("raised", "code"),
    [
        (RuntimeError("a bug"), 1),
        (MemoryError(), 1),
        (OSError(28, "No space left on device"), 1),
        (KeyboardInterrupt(), 130),
        (click.Abort(), 130),
        (click.UsageError("odd"), 2),
        (Malformed("bad"), 2),
        (StoreUnknown("odd"), 1),
        (SystemExit(7), 7),
        (SystemExit("words"), 1),
        (SystemExit(None), 1),
    ],
)
def test_every_end_has_a_code_and_none_is_zero(
    raised: BaseException, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ended(raised, Talk({})) == code
    assert "Traceback" not in capsys.readouterr().err


def test_a_bug_is_one_line_with_its_mend(capsys: pytest.CaptureFixture[str]) -> None:
    ended(RuntimeError("two\nlines \x1b[2J"), Talk({}))

    told = capsys.readouterr().err
    assert told.splitlines()[0] == "error[internal]: RuntimeError: two lines <U+001B>[2J"
    assert len(told.splitlines()) == 2


def test_debug_shows_the_traceback() -> None:
    quiet = licet_process("policy", "check", "/dev/null")
    loud = licet_process("policy", "check", "/dev/null", "--debug")

    assert "Traceback" not in quiet.stderr
    assert "Traceback" in loud.stderr
    assert quiet.code == loud.code == 2


def test_a_full_disk_under_stdout_is_no_permit(home: Path, tmp_path: Path) -> None:
    request = write_request(tmp_path)
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "licet.cli.main", "authorize", "-f", str(request), "--home", str(home)],
            check=False,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )

    assert done.returncode == 1
    assert "Traceback" not in done.stderr


def test_a_reader_that_left_is_no_permit(home: Path, tmp_path: Path) -> None:
    request = write_request(tmp_path)
    running = subprocess.Popen(
        [sys.executable, "-m", "licet.cli.main", "authorize", "-f", str(request), "--home", str(home)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert running.stdout is not None
    assert running.stderr is not None
    running.stdout.close()

    told = running.stderr.read()

    assert running.wait(30) == 1
    assert "Traceback" not in told
    running.stderr.close()


def test_interrupted_is_one_hundred_and_thirty(tmp_path: Path) -> None:
    running = subprocess.Popen(
        [sys.executable, "-m", "licet.cli.main", "authorize", "-f", "-", "--home", str(tmp_path)],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    time.sleep(1.0)
    running.send_signal(signal.SIGINT)

    assert running.wait(20) == 130
    for stream in (running.stdin, running.stderr):
        assert stream is not None
        stream.close()


def test_no_arguments_show_the_help() -> None:
    done = licet()

    assert (done.code, done.stdout) == (2, "")
    assert "Start here:" in done.stderr


def test_what_click_refuses_is_said_in_our_words() -> None:
    usage = usage_of(click.UsageError("Missing option '--file'."))

    assert usage.message == "missing option `--file`"
    assert isinstance(usage, Usage)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (503, b"<html>", NotRecorded),
        (500, b"{}", NotRecorded),
        (302, b"", Usage.__mro__[1]),
        (400, b'{"code":"malformed","detail":"d","mend":"m","pointer":"/a"}', Malformed),
        (400, b'{"code":"unheard_of","detail":"d"}', Usage.__mro__[1]),
        (503, b'{"code":7,"detail":[]}', NotRecorded),
    ],
)
def test_any_answer_but_200_is_an_error_of_its_kind(status: int, body: bytes, kind: type[Exception]) -> None:
    assert isinstance(error_of(status, body), kind)


@pytest.mark.parametrize(
    "url",
    [
        *("unix:", "http://", "ftp://x", "http://u@x", "http://x/path", "http://x?q", "x", "http://x:99999"),
        "http://[::1",
    ],
)
def test_an_address_that_is_none_is_refused_before_anything_is_sent(url: str) -> None:
    with pytest.raises(Usage):
        Remote(url, token=None)


@pytest.mark.parametrize("token", ["two words", "new\nline", "\u00e9", "a\tb"])
def test_a_key_cannot_smuggle_a_header(token: str) -> None:
    with pytest.raises(Usage):
        Remote("http://127.0.0.1:1", token=token)


def test_nobody_there_is_unreachable() -> None:
    with pytest.raises(Unreachable):
        Remote("unix:/nowhere/at/all", token=None).exchange("GET", "/livez", b"", {})
