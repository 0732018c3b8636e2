"""init makes all of a home or nothing; doctor tells its state; serve ends clean."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from support.command_line import licet, licet_process, served


def test_init_says_what_is_now_true_and_three_next_commands(tmp_path: Path) -> None:
    home = tmp_path / "home"

    done = licet("init", str(home))

    assert done.code == 0
    for word in ("log ", "policy ", "payments version 1", "keys ", "trust "):
        assert word in done.stdout
    commands = [line.strip() for line in done.stderr.splitlines() if line.startswith("  licet ")]
    assert len(commands) == 3
    assert licet(*commands[0].split()[1:]).code == 0
    assert licet(*commands[2].split()[1:]).code == 0


def test_secrets_are_for_their_owner_alone(home: Path) -> None:
    for path in [*(home / "data" / "keys").iterdir(), *(home / "data").glob("*.token")]:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE((home / "data").stat().st_mode) == 0o700


def test_init_names_the_log_as_it_was_told(tmp_path: Path) -> None:
    done = licet("init", str(tmp_path / "home"), "--origin", "example.com/licet/x", "--json").json()

    assert done["origin"] == "example.com/licet/x"
    assert done["version"] == 1


def test_a_failed_init_leaves_nothing(tmp_path: Path) -> None:
    done = licet("init", str(tmp_path / "home"), "--origin", "two words")

    assert done.code == 2
    assert list(tmp_path.iterdir()) == []


def test_the_doctor_of_a_sound_home_finds_no_fault(home: Path) -> None:
    told = licet("doctor", "--home", str(home))
    data = licet("doctor", "--home", str(home), "--json").json()

    assert told.code == 0
    checks = data["checks"]
    assert isinstance(checks, list)
    assert {check["state"] for check in checks} == {"ok", "warn"}
    assert [check["name"] for check in checks if check["state"] == "warn"] == ["root key"]
    assert all(check["name"] in told.stdout for check in checks)
    assert not list((home / "data").glob(".doctor-*")), "its probe is gone"


def test_the_doctor_asks_a_served_home_over_its_socket(home: Path) -> None:
    with served(home) as authority:
        told = licet("doctor", "--home", str(home))
        token = str(home / "data" / "owner.token")
        remote = licet("doctor", "--url", authority.url, "--token-file", token)

    assert (told.code, remote.code) == (0, 0)
    assert "answers on data/licet.sock" in told.stdout
    assert "is ready" in remote.stdout


@pytest.mark.parametrize(
    ("harm", "line", "code"),
    [
        (lambda home: (home / "data" / "owner.token").chmod(0o640), "FAIL  modes", 12),
        (lambda home: (home / "data").chmod(0o755), "FAIL  modes", 12),
        (lambda home: (home / "data" / "keys" / "log.pem").write_text("x"), "FAIL  keys", 12),
        (lambda home: (home / "trust" / "trust.json").write_text("{}"), "FAIL  keys", 12),
        (
            lambda home: (home / "bundle" / "policies" / "payments.cedar").write_text("permit"),
            "FAIL  bundle",
            12,
        ),
        (lambda home: (home / "data" / "last-checkpoint").write_text("x"), "FAIL", 12),
    ],
)
def test_the_doctor_names_what_is_wrong_and_the_mend(harm, line: str, code: int, home: Path) -> None:
    harm(home)

    told = licet("doctor", "--home", str(home))

    assert told.code in {code, 10}
    assert line in told.stdout
    assert "mend: " in told.stdout
    assert "Traceback" not in told.stderr


def test_the_doctor_of_a_rewound_home_raises_the_alarm(home: Path) -> None:
    from support.broken_homes import old_database  # noqa: PLC0415 - the one test that rewinds

    old_database(home)

    told = licet("doctor", "--home", str(home))

    assert told.code == 10
    assert "FAIL" in told.stdout


def test_a_served_authority_that_is_away_is_thirty(home: Path) -> None:
    assert licet("doctor", "--url", f"unix:{home}/nobody.sock").code == 30


def test_serve_ends_clean_and_removes_its_socket(home: Path) -> None:
    with served(home) as authority:
        socket = Path(authority.socket.removeprefix("unix:"))
        assert socket.exists()

    assert not socket.exists()
    assert licet("log", "verify", "--home", str(home)).code == 0


def test_a_socket_that_a_killed_server_left_does_not_stand_in_the_way(home: Path) -> None:
    import socket  # noqa: PLC0415 - the one test that plants one

    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(home / "data" / "licet.sock"))

    assert licet("log", "checkpoint", "--home", str(home)).code == 0


def test_a_second_server_is_told_who_holds_the_home(home: Path) -> None:
    with served(home):
        second = licet_process("serve", "--home", str(home), "--listen", "127.0.0.1:0")

    assert second.code == 1
    assert "error[home_held]" in second.stderr
