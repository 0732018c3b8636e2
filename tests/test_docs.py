"""Documents are run: every console and python block of a document, in order, in one empty folder.

A block that is not run says why in the line above it: ``<!-- not run: reason -->``. In a console block a
line that begins with ``$ `` is typed; lines below it, up to the next, must stand in what it printed, and
``...`` stands for anything. ``# exit 3`` behind a command demands that exit code; without it, 0. In a python
block ``# prints: text`` must be printed.
"""

from __future__ import annotations

import io
import os
import re
import shlex
import subprocess
import sys
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = [
    *sorted(ROOT.glob("*.md")),
    *sorted(file for file in (ROOT / "docs").rglob("*.md") if file.parent.name not in {"adr", "reference"}),
]
RUN = {"console", "python"}
_BLOCK = re.compile(
    r"(?:<!-- not run: (?P<why>.+?) -->\n)?^```(?P<language>\w*)\n(?P<body>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
_TYPED = re.compile(r"\$ (?P<command>.*?)(?:\s+#\s*(?:exit (?P<code>\d+)|.*))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One fenced block: its language, text, place, and why it is not run."""

    language: str
    body: str
    line: int
    why: str | None


def blocks(document: Path) -> list[Block]:
    text = document.read_text(encoding="utf-8")
    return [
        Block(
            language=match["language"],
            body=match["body"],
            line=text.count("\n", 0, match.start("body")) + 1,
            why=match["why"],
        )
        for match in _BLOCK.finditer(text)
    ]


def run_console(block: Block, folder: Path, place: str) -> None:
    """Type each command of the block; what it shows must be what comes out."""
    steps = re.split(r"^(?=\$ )", block.body, flags=re.MULTILINE)
    assert steps[0] == "", f"{place}: a console block begins with `$ `"
    for step in steps[1:]:
        first, _, shown = step.partition("\n")
        typed = _TYPED.fullmatch(first)
        assert typed is not None, f"{place}: `{first}`"
        if typed["command"].startswith("make "):
            check_target(typed["command"], place)
            continue
        done = type_command(typed["command"], folder)
        said = f"{place}: `{typed['command']}` exits {done.returncode}\n{done.stdout}{done.stderr}"
        assert done.returncode == int(typed["code"] or 0), said
        assert contains(done.stdout + done.stderr, shown), f"{said}\nbut the document shows\n{shown}"


def type_command(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run one line as a reader would, with the `licet` that belongs to this interpreter."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LICET")}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment.get('PATH', '')}"
    return subprocess.run(
        ["sh", "-eu", "-c", command],
        cwd=folder,
        env=environment | {"NO_COLOR": "1"},
        check=False,
        capture_output=True,
        text=True,
        timeout=100,
    )


def check_target(command: str, place: str) -> None:
    """`make` builds environments: here its target must exist; `.ci/run` and test_demo run it."""
    planned = subprocess.run(
        [*shlex.split(command), "-n"], cwd=ROOT, check=False, capture_output=True, text=True, timeout=30
    )
    assert planned.returncode == 0, f"{place}: {planned.stderr}"


def contains(output: str, shown: str) -> bool:
    """Whether the shown lines stand in the output, in order; `...` stands for anything."""
    lines = [re.escape(line.rstrip()).replace(r"\.\.\.", ".*") for line in shown.splitlines() if line.strip()]
    return re.search(r"(?s).*?".join(lines), output) is not None


def run_python(block: Block, folder: Path, names: dict[str, object], place: str) -> None:
    """Execute the block in the document's own namespace."""
    code = compile("\n" * (block.line - 1) + block.body, place, "exec")
    before = Path.cwd()
    os.chdir(folder)
    printed = io.StringIO()
    try:
        with redirect_stdout(printed):
            exec(code, names)  # noqa: S102 - the document's own code is what is tested
    finally:
        os.chdir(before)
    for promised in re.findall(r"# prints: (.+)$", block.body, flags=re.MULTILINE):
        assert promised in printed.getvalue(), f"{place} printed {printed.getvalue()!r}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda file: str(file.relative_to(ROOT)))
def test_a_document_does_what_it_says(document: Path, tmp_path: Path) -> None:
    names: dict[str, object] = {"__name__": document.stem}

    for block in blocks(document):
        place = f"{document.relative_to(ROOT)}:{block.line}"
        if block.language not in RUN or block.why is not None:
            continue
        if block.language == "console":
            run_console(block, tmp_path, place)
        else:
            run_python(block, tmp_path, names, place)


def test_a_block_that_is_not_run_gives_a_reason_and_shell_has_one_name() -> None:
    strange = [
        f"{document.relative_to(ROOT)}:{block.line} `{block.language}`"
        for document in DOCUMENTS
        for block in blocks(document)
        if block.language in {"sh", "shell", "bash", "py", "pycon", ""}
    ]

    assert strange == [], "write `console`, `python` or `text`, so that it is known what is run"


def test_the_readme_is_run() -> None:
    languages = [block.language for block in blocks(ROOT / "README.md") if block.why is None]

    assert languages.count("console") >= 2
    assert languages.count("python") >= 1


def test_a_command_that_shows_something_else_is_noticed(tmp_path: Path) -> None:
    block = Block(language="console", body="$ echo three\nfour\n", line=1, why=None)

    with pytest.raises(AssertionError, match="but the document shows"):
        run_console(block, tmp_path, "here:1")


def test_a_command_that_fails_is_noticed(tmp_path: Path) -> None:
    block = Block(language="console", body="$ false\n", line=1, why=None)

    with pytest.raises(AssertionError, match="`false` exits 1"):
        run_console(block, tmp_path, "here:1")


def test_an_exit_code_that_is_announced_is_demanded(tmp_path: Path) -> None:
    run_console(Block(language="console", body="$ (exit 3) # exit 3\n", line=1, why=None), tmp_path, "here:1")
