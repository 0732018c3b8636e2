"""The rules of the house that no linter knows: caps, drawn errors, reasons, locks, documents."""

from __future__ import annotations

import ast
import importlib
import inspect
import io
import pkgutil
import re
import subprocess
import sys
import tokenize
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import licet
from licet import errors

ROOT = Path(__file__).resolve().parent.parent
FILE_LINES_MAX = 500
FUNCTION_LINES_MAX = 60
REASON_CHARS_MIN = 8
PYTHON_FOLDERS = ("src", "tests", "bench", "docs", "model", ".ci")
PLACES_OF_A_MACHINE = re.compile(
    # Homes and mounts as people have them, and where this runs; `/root/keys` is a JSON pointer.
    r"(?<![\w.~-])(?:/root/\.|/(?:home|Users)/[A-Za-z]\w*/|/work/(?:main|shared)\b|/opt/\w+/)|"
    + re.escape(str(ROOT))
)


@cache
def python_files() -> tuple[Path, ...]:
    """Every Python file of the project."""
    found = [file for folder in PYTHON_FOLDERS for file in (ROOT / folder).rglob("*.py")]
    return tuple(sorted(file for file in found if "__pycache__" not in file.parts))


@cache
def tree_of(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"), filename=str(file))


def shown(file: Path, line: int = 0) -> str:
    """A place, as an editor opens it."""
    return f"{file.relative_to(ROOT)}:{line}" if line else str(file.relative_to(ROOT))


def functions(file: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree_of(file)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def comments(file: Path) -> Iterator[tuple[int, str]]:
    for token in tokenize.generate_tokens(io.StringIO(file.read_text(encoding="utf-8")).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def test_a_file_fits_one_sitting() -> None:
    lines = {shown(file): len(file.read_text(encoding="utf-8").splitlines()) for file in python_files()}

    assert lines, "no Python file was found"
    assert {file: count for file, count in lines.items() if count > FILE_LINES_MAX} == {}


def test_a_function_fits_one_screen() -> None:
    too_long = {
        f"{shown(file, node.lineno)} {node.name}": (node.end_lineno or 0) - node.lineno + 1
        for file in python_files()
        for node in functions(file)
        if (node.end_lineno or 0) - node.lineno + 1 > FUNCTION_LINES_MAX
    }

    assert too_long == {}


def test_every_module_says_what_it_is() -> None:
    assert [shown(file) for file in python_files() if not ast.get_docstring(tree_of(file))] == []


def test_nothing_is_left_for_later() -> None:
    later = re.compile("|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK")))
    missing = "NotImplemented" + "Error"

    found = [
        shown(file, line) for file in python_files() for line, text in comments(file) if later.search(text)
    ]
    found += [
        shown(file, node.lineno)
        for file in python_files()
        for node in ast.walk(tree_of(file))
        if isinstance(node, ast.Name) and node.id == missing
    ]

    assert found == []


def test_an_empty_body_stands_only_in_a_protocol() -> None:
    found = []
    for file in python_files():
        for node in ast.walk(tree_of(file)):
            if not isinstance(node, ast.ClassDef | ast.Module):
                continue
            if isinstance(node, ast.ClassDef) and any("Protocol" in ast.unparse(base) for base in node.bases):
                continue
            found += [
                f"{shown(file, item.lineno)} {item.name}"
                for item in node.body
                if isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef) and _is_empty(item)
            ]

    assert found == []


def _is_empty(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    if any("overload" in ast.unparse(decorator) for decorator in function.decorator_list):
        return False
    last = function.body[-1]
    return (
        isinstance(last, ast.Expr) and isinstance(last.value, ast.Constant) and last.value.value is Ellipsis
    )


def test_every_suppressed_finding_has_its_reason() -> None:
    """`# noqa: CODE - reason`, `# type: ignore[code]  # reason`, or a comment on the lines just above."""
    suppressed = re.compile(r"#\s*(noqa|type:\s*ignore|pragma:|nosec|ruff:\s*noqa)")
    with_reason = re.compile(
        r"#\s*(?:(?:ruff: )?noqa: [A-Z]+\d+(?:, ?[A-Z]+\d+)*|type: ignore\[[a-z, -]+\]|pragma: no \w+)"
        r"\s+(?:#|--?) \S.{2,}"
    )
    bare = []
    for file in python_files():
        told = dict(comments(file))
        bare += [
            f"{shown(file, line)} {text}"
            for line, text in told.items()
            if suppressed.match(text)
            and not with_reason.match(text)
            and not any(_explains(told.get(line - above, ""), suppressed) for above in (1, 2, 3))
        ]

    assert bare == []


def _explains(comment: str, suppressed: re.Pattern[str]) -> bool:
    return len(comment) > REASON_CHARS_MIN and not suppressed.match(comment)


def test_every_lint_rule_that_is_off_says_why() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    section = text[text.index("[tool.ruff.lint]") : text.index("[tool.mypy]")]

    codes = [line for line in section.splitlines() if re.match(r'\s+"[A-Z]+\d*"', line)]

    assert codes
    assert [line for line in codes if "#" not in line] == []


# --- errors ----------------------------------------------------------------------------------------


def drawn_errors() -> dict[str, str | None]:
    """Name to parent, as the tree at the head of errors.py draws them; a level is four columns deep."""
    parents: dict[str, str | None] = {"LicetError": None}
    branch = ["LicetError"]
    for line in (errors.__doc__ or "").splitlines():
        if match := re.fullmatch(r"([ │]*)[├└]── (\w+)\s+\S.*", line):
            level = len(match[1]) // 4
            parents[match[2]] = branch[level - 1]
            branch[level:] = [match[2]]
    return parents


def test_every_error_is_drawn_where_it_hangs_in_the_tree() -> None:
    for module in pkgutil.walk_packages(licet.__path__, "licet."):
        if module.name != "licet.cli.demo.executor":  # a program of its own
            importlib.import_module(module.name)
    defined: dict[str, str | None] = {"LicetError": None}
    level = [errors.LicetError]
    while level:
        defined |= {child.__name__: kind.__name__ for kind in level for child in kind.__subclasses__()}
        level = [child for kind in level for child in kind.__subclasses__()]

    assert drawn_errors() == defined


def test_no_code_of_an_error_is_minted_outside_the_tree() -> None:
    codes = {kind.code for kind in vars(errors).values() if _is_error(kind)}
    minted = []
    for file in (ROOT / "src").rglob("*.py"):
        for node in ast.walk(tree_of(file)):
            if not (isinstance(node, ast.ClassDef) and _bases(node) & set(vars(errors))):
                continue
            minted += [
                f"{shown(file, node.lineno)} {node.name}: {value}"
                for value in _class_constants(node, "code")
                if value not in codes
            ]

    assert minted == []


def _is_error(kind: object) -> bool:
    return inspect.isclass(kind) and issubclass(kind, errors.LicetError)


def _bases(node: ast.ClassDef) -> set[str]:
    return {ast.unparse(base).rpartition(".")[2] for base in node.bases}


def _class_constants(node: ast.ClassDef, name: str) -> Iterator[object]:
    for item in node.body:
        targets = item.targets if isinstance(item, ast.Assign) else [getattr(item, "target", None)]
        value = getattr(item, "value", None)
        if any(isinstance(target, ast.Name) and target.id == name for target in targets):
            yield value.value if isinstance(value, ast.Constant) else ast.unparse(value)


# --- dependencies ----------------------------------------------------------------------------------


def wanted(name: str) -> dict[str, str]:
    """Requirement to reason, of one `requirements/*.in`."""
    lines = (ROOT / "requirements" / f"{name}.in").read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if line.strip() and not line.startswith(("#", "-r "))]
    return {line.partition(" #")[0].strip(): line.partition(" #")[2].strip() for line in kept}


def pinned(name: str) -> dict[str, list[str]]:
    """`name==version` to its hashes, of one lock."""
    pins: dict[str, list[str]] = {}
    current = ""
    for line in (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8").splitlines():
        if match := re.match(r"([A-Za-z0-9._-]+==[^ ;\\]+)", line):
            current = match[1]
            pins[current] = []
        pins.get(current, []).extend(re.findall(r"--hash=(sha256:[0-9a-f]{64})", line))
    return pins


def plain(requirement: str) -> str:
    """The normalised name in a requirement."""
    return re.sub(r"[-_.]+", "-", re.split(r"[\[<>=!~; ]", requirement)[0]).lower()


def test_every_dependency_has_its_reason() -> None:
    reasons = wanted("run") | wanted("dev") | wanted("model")

    assert reasons
    assert [line for line, reason in reasons.items() if len(reason) < REASON_CHARS_MIN] == []


def test_the_package_asks_for_what_the_lock_was_made_of() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

    assert {re.sub(r"[\s\"']", "", line) for line in project["dependencies"]} == {
        re.sub(r"[\s\"']", "", line) for line in wanted("run")
    }


def test_every_pin_is_bound_to_its_bytes() -> None:
    for name in ("run", "dev", "model"):
        pins = pinned(name)

        assert pins
        assert [pin for pin, hashes in pins.items() if not hashes] == []


def test_the_locks_hold_what_is_asked_for_and_agree() -> None:
    names = {name: {plain(pin) for pin in pinned(name)} for name in ("run", "dev")}

    assert {plain(line) for line in wanted("run")} <= names["run"]
    assert {plain(line) for line in wanted("dev")} <= names["dev"]
    assert set(pinned("run")) <= set(pinned("dev")), "a venv of dev.txt must do for run.txt (.ci/venv.py)"


def test_no_file_says_where_packages_come_from() -> None:
    """The reader's own index is the only one: a lock names bytes, not places."""
    places = ("://", "--index-url", "--extra-index-url", "--find-links", "--trusted-host")

    found = [
        f"{shown(file)}: {place}"
        for file in sorted((ROOT / "requirements").iterdir())
        for place in places
        if place in file.read_text(encoding="utf-8")
    ]

    assert found == []


def test_every_third_party_import_of_the_package_is_a_declared_dependency() -> None:
    modules = {"apsw", *(plain(line).replace("-", "_") for line in wanted("run"))}
    strangers = {
        f"{shown(file, node.lineno)} {name}"
        for file in (ROOT / "src").rglob("*.py")
        for node in ast.walk(tree_of(file))
        for name in _imported(node)
        if name not in modules | set(sys.stdlib_module_names) | {"licet"}
    }

    assert strangers == set()


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name.partition(".")[0] for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module is not None:
        return [node.module.partition(".")[0]]
    return []


# --- files -----------------------------------------------------------------------------------------


def tracked_files() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, check=False, capture_output=True, text=True
    ).stdout.split("\0")
    files = [ROOT / name for name in listed if name]
    return [file for file in files if file.is_file()] or [
        file for file in ROOT.rglob("*") if file.is_file() and ".venv" not in file.parts
    ]


def test_no_file_names_a_place_of_one_machine() -> None:
    found = []
    for file in tracked_files():
        try:
            text = file.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        found += [
            f"{shown(file, number)} {line.strip()[:80]}"
            for number, line in enumerate(text.splitlines(), 1)
            if PLACES_OF_A_MACHINE.search(line) and file != Path(__file__)
        ]

    assert found == []


def test_the_machine_runs_the_line_a_person_types() -> None:
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")

    lines = [line for line in script.splitlines() if line and not line.startswith("#")]

    assert lines[0] == "set -eu"
    assert lines[-1] == "exec make test"
    assert len(lines) == 3
