"""Command lines and homes that are wrong, each with what it must be answered."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import time
from collections.abc import Callable
from pathlib import Path

from licet import embedded
from licet.wiring.founding import found_home
from support.bad_calls import Told
from support.command_line import REQUEST, Ran, licet_process
from support.sources import ManualClock
from support.world import starter

Broken = Callable[[Path], Ran]


def on(home: Path, *arguments: str) -> Ran:
    """A command in a process of its own, on ``home``."""
    return licet_process(*arguments, "--home", str(home), "--json")


def readable_key(home: Path) -> Ran:
    (home / "data" / "keys" / "receipt.pem").chmod(0o644)
    return on(home, "serve", "--listen", "127.0.0.1:0")


def no_key_at_all(home: Path) -> Ran:
    (home / "data" / "keys" / "log.pem").write_bytes(
        b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"
    )
    return on(home, "log", "checkpoint")


def lost_key(home: Path) -> Ran:
    (home / "data" / "keys" / "receipt.pem").unlink()
    return on(home, "log", "checkpoint")


def key_of_another_home(home: Path) -> Ran:
    keys = home / "data" / "keys"
    (keys / "root.pem").replace(keys / "receipt.pem")
    return on(home, "log", "checkpoint")


def no_home(home: Path) -> Ran:
    return on(home.parent / "nowhere", "doctor")


def no_database(home: Path) -> Ran:
    for file in (home / "data").glob("licet.db*"):
        file.unlink()
    return on(home, "serve", "--listen", "127.0.0.1:0")


def damaged_database(home: Path) -> Ran:
    database = home / "data" / "licet.db"
    content = bytearray(database.read_bytes())
    content[4096:] = b"\xa5" * (len(content) - 4096)
    database.write_bytes(content)
    return on(home, "serve", "--listen", "127.0.0.1:0")


def old_database(home: Path) -> Ran:
    """The database of yesterday under the checkpoint of today."""
    aside = home.parent / "yesterday"
    shutil.copytree(home / "data", aside)
    request = home.parent / "request.json"
    request.write_text(json.dumps(REQUEST))
    assert on(home, "authorize", "-f", str(request)).code == 0
    for file in (home / "data").glob("licet.db*"):
        file.unlink()
    for file in aside.glob("licet.db*"):
        shutil.copy(file, home / "data" / file.name)
    return on(home, "serve", "--listen", "127.0.0.1:0")


def cut_database(home: Path) -> Ran:
    """A copy that ended before it was whole."""
    database = home / "data" / "licet.db"
    for beside in (home / "data").glob("licet.db-*"):
        beside.unlink()
    os.truncate(database, database.stat().st_size // 2)
    return on(home, "serve", "--listen", "127.0.0.1:0")


def log_without_database(home: Path) -> Ran:
    (home / "data" / "licet.db").replace(home / "data" / "licet.db-wal")
    return on(home, "serve", "--listen", "127.0.0.1:0")


def other_origin(home: Path) -> Ran:
    """A backup of another home."""
    other = home.parent / "other"
    assert licet_process("init", str(other)).code == 0
    assert licet_process("backup", str(home.parent / "copy"), "--home", str(other)).code == 0
    for file in (home / "data").glob("licet.db*"):
        file.unlink()
    return on(home, "restore", str(home.parent / "copy"))


def long_ago(home: Path, *arguments: str) -> Ran:
    """A home that nobody used for forty days; the moment that the mend names is the one word that moves."""
    idle = home.parent / "idle"
    found_home(idle, template=starter(), clock=ManualClock(int(time.time() - 40 * 86_400) * 1_000))
    done = on(idle, "serve", "--listen", "127.0.0.1:0", *arguments)
    moment = re.compile(r"accept-clock 2[0-9T:Z-]+")
    return Ran(
        code=done.code,
        stdout=moment.sub("accept-clock NOW", done.stdout).replace(str(idle), "IDLE"),
        stderr=moment.sub("accept-clock NOW", done.stderr).replace(str(idle), "IDLE"),
    )


def port_in_use(home: Path) -> Ran:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        return on(home, "serve", "--listen", f"127.0.0.1:{taken.getsockname()[1]}")


def held_home(home: Path) -> Ran:
    with embedded.open(home):
        done = on(home, "log", "checkpoint")
    holder = json.loads(done.stdout)["error"]["mend"].split()[-2]
    # The holder is this very process; its number is the one word that differs from run to run.
    return Ran(
        code=done.code,
        stdout=done.stdout.replace(holder, "PID"),
        stderr=done.stderr.replace(holder, "PID"),
    )


def unknown_setting(home: Path) -> Ran:
    settings = home / "licet.toml"
    settings.write_text(settings.read_text().replace("listen =", "lisden ="))
    return on(home, "log", "checkpoint")


def no_toml(home: Path) -> Ran:
    (home / "licet.toml").write_text("[log\n")
    return on(home, "log", "checkpoint")


def without_trust(home: Path) -> Ran:
    (home / "receipt.jws").write_text("a.b.c")
    return licet_process("verify", str(home / "receipt.jws"), "--json")


def full_folder(home: Path) -> Ran:
    return licet_process("init", str(home), "--json")


def bad_origin(home: Path) -> Ran:
    return licet_process("init", str(home / "new"), "--origin", "two words", "--json")


def nobody_there(home: Path) -> Ran:
    (home / "r.json").write_text(json.dumps(REQUEST))
    return licet_process("authorize", "-f", str(home / "r.json"), "--url", f"unix:{home}/none.sock", "--json")


def bad_bundle(home: Path) -> Path:
    rules = home / "bundle" / "policies" / "payments.cedar"
    rules.write_text(rules.read_text() + '\n@id("odd")\npermit (principal, action, resource\n')
    return home / "bundle"


def unconfirmed(home: Path) -> Ran:
    return on(home, "policy", "activate", str(home / "bundle"))


def confirmed_another(home: Path) -> Ran:
    return on(home, "policy", "activate", str(home / "bundle"), "--confirm", "7")


def back_without_a_reason(home: Path) -> Ran:
    return on(home, "policy", "activate", str(home / "bundle"), "--confirm", "3")


def no_bundle(home: Path) -> Ran:
    return licet_process("policy", "check", str(home / "trust"), "--json")


def linked_file(home: Path) -> Ran:
    (home / "bundle" / "policies" / "link.cedar").symlink_to("/etc/hostname")
    return licet_process("policy", "check", str(home / "bundle"), "--json")


def no_such_test(home: Path) -> Ran:
    return licet_process("policy", "test", str(home / "bundle"), "--filter", "nothing*", "--json")


CLI: dict[str, tuple[Broken, Told]] = {
    "a key that others can read": (
        readable_key,
        Told(status=2, code="mode_refused", mend="chmod 600 HOME/data/keys/receipt.pem"),
    ),
    "a key file that holds no key": (
        no_key_at_all,
        Told(status=2, code="key_invalid", mend="give an unencrypted PKCS#8 PEM of an Ed25519 key"),
    ),
    "a key file that is gone": (
        lost_key,
        Told(status=2, code="home_missing", mend="restore it from the backup of this home's keys"),
    ),
    "the key of another home": (
        key_of_another_home,
        Told(status=2, code="key_invalid", mend="put the key files of this home back into data/keys"),
    ),
    "no home": (
        no_home,
        Told(
            status=2,
            code="home_missing",
            mend="make one with `licet init DIR`, or name one with `--home DIR`",
        ),
    ),
    "no database": (
        no_database,
        Told(
            status=1,
            code="database_missing",
            mend="`licet init DIR` makes a new home; a lost database is restored from its backup, "
            "never made anew",
        ),
    ),
    "a damaged database": (
        damaged_database,
        Told(
            status=10,
            code="store_corrupt",
            mend="keep this file, restore the newest backup, then run `licet log verify`",
        ),
    ),
    "yesterday's database": (
        old_database,
        Told(
            status=10,
            code="store_rewound",
            mend="this is an old copy: find the newest one; nothing was changed",
        ),
    ),
    "half a database": (
        cut_database,
        Told(
            status=10,
            code="store_corrupt",
            mend="it was copied or restored in part: keep this file, and copy or restore it whole",
        ),
    ),
    "a write-ahead log without its database": (
        log_without_database,
        Told(
            status=1,
            code="store_refused",
            mend="put the database back beside it, or restore the newest backup; keep the -wal file",
        ),
    ),
    "a backup of another log": (
        other_origin,
        Told(status=10, code="store_corrupt", mend="restore it into the home it was made of"),
    ),
    "a clock far ahead of the log": (
        long_ago,
        Told(
            status=2,
            code="clock_refused",
            mend="compare it with another clock; if it is right: "
            "`licet serve --home IDLE --accept-clock NOW`; if not, set it",
        ),
    ),
    "a word about another time": (
        lambda home: long_ago(home, "--accept-clock", "2026-01-01T00:00:00Z"),
        Told(
            status=2,
            code="clock_refused",
            mend="name the time that it is now, to within 300 s; if you did, the clock is wrong: set it",
        ),
    ),
    "a port in use": (
        port_in_use,
        Told(
            status=2,
            code="address_in_use",
            mend="stop what listens there, or choose another: `licet serve --listen 127.0.0.1:0`",
        ),
    ),
    "an address beyond this machine": (
        lambda home: on(home, "serve", "--listen", "0.0.0.0:8787"),
        Told(
            status=2,
            code="settings_invalid",
            mend="listen on 127.0.0.1 and let a TLS proxy on this machine speak to others",
        ),
    ),
    "a home that another process holds": (
        held_home,
        Told(
            status=1,
            code="home_held",
            mend="talk to it: `--url unix:HOME/data/licet.sock` while `licet serve` runs; "
            "or stop process PID first",
        ),
    ),
    "a setting nobody knows": (
        unknown_setting,
        Told(status=2, code="settings_invalid", mend="see docs/reference/settings.md for every key"),
    ),
    "settings that are no TOML": (
        no_toml,
        Told(status=2, code="settings_invalid", mend="mend the line it names"),
    ),
    "verification without trust": (
        without_trust,
        Told(
            status=11,
            code="usage",
            mend="take the `trust/` folder of the issuer's home (`licet init` writes it) "
            "and give it with --trust DIR",
        ),
    ),
    "init where something is": (
        full_folder,
        Told(status=2, code="home_not_empty", mend="name a new or empty directory"),
    ),
    "an origin that is none": (
        bad_origin,
        Told(
            status=2,
            code="settings_invalid",
            mend="use a name of your own such as `example.com/licet/main`",
        ),
    ),
    "nobody listens": (
        nobody_there,
        Told(
            status=30,
            code="unreachable",
            mend="start it with `licet serve`, then ask again with the same idempotency key",
        ),
    ),
    "an address that is none": (
        lambda home: licet_process("log", "checkpoint", "--url", "ftp://x", "--json"),
        Told(status=2, code="usage", mend="write `http://127.0.0.1:8787` or `unix:HOME/data/licet.sock`"),
    ),
    "two authorities": (
        lambda home: on(home, "log", "checkpoint", "--url", "http://127.0.0.1:1"),
        Told(status=2, code="usage", mend="give one of them"),
    ),
    "a token file that is gone": (
        lambda home: licet_process(
            "log", "checkpoint", "--url", "http://127.0.0.1:1", "--token-file", str(home / "no"), "--json"
        ),
        Told(status=2, code="usage", mend="name the file with --token-file, such as HOME/data/owner.token"),
    ),
    "a request file that is gone": (
        lambda home: on(home, "authorize", "-f", str(home / "no.json")),
        Told(status=2, code="usage", mend="name a file that exists, or `-` for stdin"),
    ),
    "a verb that is none": (
        lambda home: licet_process("--json", "autorize"),
        Told(status=2, code="usage", mend="did you mean `authorize`?"),
    ),
    "an option that is none": (
        lambda home: licet_process("doctor", "--json", "--hom", "x"),
        Told(status=2, code="usage", mend="did you mean `--home`?"),
    ),
    "an activation that nobody confirmed": (
        unconfirmed,
        Told(status=2, code="usage", mend="add `--confirm 3`"),
    ),
    "another version than the one typed": (
        confirmed_another,
        Told(status=2, code="usage", mend="`--confirm 3`, if you mean it"),
    ),
    "a rollback without a reason": (
        back_without_a_reason,
        Told(status=2, code="not_allowed", mend="say why with `--reason`"),
    ),
    "a folder that is no bundle": (
        no_bundle,
        Told(status=2, code="usage", mend="name the bundle's folder, such as HOME/bundle"),
    ),
    "a link in a bundle": (
        linked_file,
        Told(status=2, code="usage", mend="put the file itself into the bundle"),
    ),
    "a filter that matches no test": (
        no_such_test,
        Told(
            status=2,
            code="usage",
            mend="the pattern is matched against file/name, * and ? stand for any",
        ),
    ),
    "a code that is none": (
        lambda home: licet_process("help", "already_claimd", "--json"),
        Told(status=2, code="usage", mend="did you mean `already_claimed`?"),
    ),
    "a time that is none": (
        lambda home: licet_process(
            "verify", str(home / "licet.toml"), "--trust", str(home / "trust"), "--at", "noon", "--json"
        ),
        Told(status=2, code="usage", mend="write 2026-11-23T09:00:00Z, or seconds since 1970"),
    ),
}
