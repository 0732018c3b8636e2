"""What a newcomer reads is complete: README, changelog, decisions, every verb, every code."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import click
import pytest

import licet
from licet import errors
from licet.cli.main import root

ROOT = Path(__file__).resolve().parent.parent
DECISION_PARTS = ("Context", "Decision", "Evidence", "Alternatives", "Consequences")


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("command", ["make demo", "make test"])
def test_the_two_commands_stand_on_the_first_screen(command: str) -> None:
    first_screen = read("README.md").splitlines()[:30]

    assert any(re.fullmatch(rf"\$ {command}(\s+#.*)?", line) for line in first_screen)


def test_every_make_target_that_a_document_names_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", read("Makefile"), re.MULTILINE))
    named = {
        target
        for document in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
        for target in re.findall(r"`make ([a-z]+)", document.read_text(encoding="utf-8"))
    }

    assert {"demo", "test", "check", "bench", "fuzz", "soak", "docs", "clean", "help"} <= targets
    assert named - targets == set()


def test_the_changelog_knows_this_version() -> None:
    version = tomllib.loads(read("pyproject.toml"))["project"]["version"]

    assert licet.__version__ == version
    assert re.search(rf"^## {re.escape(version)}\b", read("CHANGELOG.md"), re.MULTILINE)


def test_every_decision_is_numbered_and_complete() -> None:
    records = sorted((ROOT / "docs" / "adr").glob("[0-9]*.md"))

    assert [int(record.name[:4]) for record in records] == list(range(1, len(records) + 1))
    for record in records:
        text = record.read_text(encoding="utf-8")
        parts = re.findall(r"^## (\w+)", text, re.MULTILINE)
        assert tuple(parts) == DECISION_PARTS, record.name
        assert text.startswith(f"# {record.name[:4]} "), record.name


def test_every_link_between_documents_leads_somewhere() -> None:
    dead = []
    for document in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]:
        targets = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", document.read_text(encoding="utf-8"))
        dead += [
            f"{document.relative_to(ROOT)} -> {target}"
            for target in targets
            if "://" not in target and not (document.parent / target).exists()
        ]

    assert dead == []


def test_every_file_that_the_architecture_names_exists() -> None:
    named = set(re.findall(r"`([\w./-]+\.py)`", read("ARCHITECTURE.md")))

    assert len(named) > 20
    assert [name for name in sorted(named) if not _somewhere(name)] == []


def _somewhere(name: str) -> bool:
    return (
        (ROOT / "src" / "licet" / name).is_file()
        or (ROOT / name).is_file()
        or (ROOT / ".ci" / name).is_file()
    )


def test_every_promise_names_its_invariants() -> None:
    text = read("SECURITY.md")

    assert set(re.findall(r"\bP(\d+)\b", text)) == {str(number) for number in range(1, 13)}
    assert {f"I{number}" for number in range(1, 24)} <= set(re.findall(r"\bI\d+\b", text))


def test_every_error_code_has_its_entry() -> None:
    page = read("docs/reference/errors.md")
    codes = {
        kind.code
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, errors.LicetError)
    }

    assert [code for code in sorted(codes) if f"### `{code}`" not in page] == []


def verbs(group: click.Group, path: tuple[str, ...] = ("licet",)) -> list[str]:
    """Every verb of the command tree, written as a person types it."""
    context = click.Context(group, info_name=" ".join(path))
    found = []
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None, f"{name} is listed and cannot be loaded"
        found.append(" ".join((*path, name)))
        if isinstance(command, click.Group):
            found += verbs(command, (*path, name))
    return found


def test_every_verb_has_its_entry() -> None:
    page = read("docs/reference/cli.md")

    assert isinstance(root, click.Group)
    assert verbs(root)
    assert [verb for verb in verbs(root) if f"`{verb}`" not in page] == []


def test_what_is_generated_is_up_to_date() -> None:
    done = subprocess.run(
        [sys.executable, "docs/generate.py", "--check"], cwd=ROOT, check=False, capture_output=True, text=True
    )

    assert done.returncode == 0, done.stdout + done.stderr
