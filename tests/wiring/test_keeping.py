"""Backup and restore, each with its proof; an old copy refuses to serve (I11, I23)."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import apsw
import pytest

import licet.embedded
from licet.errors import HomeMissing, HomeNotEmpty, LicetError, StoreCorrupt, StoreRewound
from licet.wiring.founding import found_home
from licet.wiring.home import Home
from licet.wiring.inspecting import inspect_home
from licet.wiring.keeping import back_up, restore
from support.world import payment, starter

JSON = {"content-type": "application/json"}


@pytest.fixture
def home(tmp_path) -> Home:
    found_home(tmp_path / "home", template=starter())
    return Home(tmp_path / "home")


def decide(home: Home, *keys: str) -> list[str]:
    with licet.embedded.open(home.root) as authority:
        answers = [authority.exchange("POST", "/v1/decisions", payment(key), JSON) for key in keys]
    return [json.loads(answer.body)["receipt"] for answer in answers]


def lose_database(home: Home) -> None:
    for path in home.data.glob("licet.db*"):
        path.unlink()


def test_i23_a_backup_restores_to_the_same_root_and_count(home, tmp_path):
    receipts = decide(home, "a", "b", "c")
    kept = back_up(home, {}, tmp_path / "copy")
    lose_database(home)

    restored = restore(tmp_path / "copy", home, {})

    assert (restored.size, restored.root) == (kept.size, kept.root) == (5, kept.root)
    assert restored.behind == 0
    assert decide(home, "a", "b", "c") == receipts
    assert inspect_home(home, {})["problems"] == []


def test_a_home_is_backed_up_while_it_decides(home, tmp_path):
    with licet.embedded.open(home.root) as authority:
        authority.exchange("POST", "/v1/decisions", payment("a"), JSON)
        # The copy is made by another process in life; here its own descriptors would drop our locks.
        kept = _in_a_process(home, tmp_path / "copy")
        authority.exchange("POST", "/v1/decisions", payment("b"), JSON)

    assert kept["size"] == 3
    assert inspect_home(home, {})["size"] == 4


def test_i11_a_restored_older_copy_refuses_to_serve(home, tmp_path):
    decide(home, "a")
    back_up(home, {}, tmp_path / "copy")
    decide(home, "b", "c")
    lose_database(home)

    restored = restore(tmp_path / "copy", home, {})

    assert restored.behind == 2
    with pytest.raises(StoreRewound, match="size 5 was published"):
        licet.embedded.open(home.root)
    assert [problem["code"] for problem in inspect_home(home, {})["problems"]] == ["store_rewound"]


def test_without_a_checkpoint_outside_a_restore_says_that_nobody_can_tell(home, tmp_path):
    decide(home, "a")
    back_up(home, {}, tmp_path / "copy")
    lose_database(home)
    home.last_checkpoint.unlink()

    assert restore(tmp_path / "copy", home, {}).published is None


def test_a_backup_holds_no_key_and_no_token(home, tmp_path):
    back_up(home, {}, tmp_path / "copy")

    files = [path for path in (tmp_path / "copy").rglob("*") if path.is_file()]
    content = b"".join(path.read_bytes() for path in files)
    assert not [path for path in files if path.suffix in {".pem", ".token"}]
    assert b"PRIVATE KEY" not in content
    assert home.owner_token.read_bytes().strip() not in content


def test_a_restore_overwrites_nothing(home, tmp_path):
    back_up(home, {}, tmp_path / "copy")
    before = home.database.read_bytes()

    with pytest.raises(HomeNotEmpty):
        restore(tmp_path / "copy", home, {})
    assert home.database.read_bytes() == before


def test_a_backup_overwrites_nothing(home, tmp_path):
    (tmp_path / "copy").mkdir()

    with pytest.raises(HomeNotEmpty):
        back_up(home, {}, tmp_path / "copy")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda copy: _flip(copy / "licet.db", 9_000),
        lambda copy: (copy / "trust" / "trust.json").write_text("{}"),
        lambda copy: (copy / "more.txt").write_text("x"),
        lambda copy: (copy / "licet.toml").unlink(),
        lambda copy: _edit(copy, "size", 4_711),
        lambda copy: _edit(copy, "root", "sha256:" + "0" * 64),
        lambda copy: _edit(copy, "origin", "other.example/log"),
        lambda copy: (copy / "backup.json").write_text("not json"),
        lambda copy: (copy / "backup.json").unlink(),
        lambda copy: (copy / "link").symlink_to("/etc/hostname"),
    ],
    ids=["database", "trust", "added", "removed", "size", "root", "origin", "manifest", "none", "link"],
)
def test_a_spoiled_backup_restores_nothing(home, tmp_path, spoil):
    decide(home, "a")
    back_up(home, {}, tmp_path / "copy")
    lose_database(home)
    spoil(tmp_path / "copy")

    with pytest.raises((StoreCorrupt, HomeMissing)):
        restore(tmp_path / "copy", home, {})
    assert not home.database.exists()
    assert [path.name for path in home.data.iterdir() if path.name.startswith(".restore")] == []


def test_a_backup_of_another_log_is_refused(home, tmp_path):
    found_home(tmp_path / "other", template=starter())
    back_up(Home(tmp_path / "other"), {}, tmp_path / "copy")
    lose_database(home)

    with pytest.raises(StoreCorrupt, match="is of the log"):
        restore(tmp_path / "copy", home, {})


def test_a_log_of_the_same_name_under_other_keys_is_not_restored(home, tmp_path):
    origin = str(inspect_home(home, {})["origin"])
    found_home(tmp_path / "other", template=starter(), origin=origin)
    back_up(Home(tmp_path / "other"), {}, tmp_path / "copy")
    lose_database(home)

    with pytest.raises(StoreCorrupt, match="not signed by this log's key"):
        restore(tmp_path / "copy", home, {})


def test_a_home_without_its_keys_is_not_restored_into(home, tmp_path):
    back_up(home, {}, tmp_path / "copy")
    lose_database(home)
    shutil.rmtree(home.data / "keys")

    with pytest.raises(HomeMissing, match="keys are not part of a backup"):
        restore(tmp_path / "copy", home, {})


def test_a_damaged_log_is_not_backed_up(home, tmp_path):
    decide(home, "a", "b")
    _forge(home)

    with pytest.raises(LicetError):
        back_up(home, {}, tmp_path / "copy")
    assert not (tmp_path / "copy").exists()


def test_a_log_that_refuses_to_start_is_still_recomputed(home):
    decide(home, "a", "b")
    _forge(home)

    report = inspect_home(home, {})

    assert next(problem["index"] for problem in report["problems"]) == 2


def _forge(home: Home) -> None:
    connection = apsw.Connection(str(home.database))
    connection.execute("UPDATE receipts SET jws = replace(jws, 'e', 'f') WHERE idx = 2")
    connection.close()


def _flip(path: Path, at: int) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)


def _edit(copy: Path, name: str, value: object) -> None:
    manifest = json.loads((copy / "backup.json").read_bytes())
    (copy / "backup.json").write_text(json.dumps({**manifest, name: value}))


def _in_a_process(home: Home, copy: Path) -> dict[str, object]:
    done = subprocess.run(
        [sys.executable, "-m", "licet.cli.main", "backup", str(copy), "--home", str(home.root), "--json"],
        check=True,
        capture_output=True,
    )
    return json.loads(done.stdout)
