"""Every way a home can be wrong at its start: each refused with its own words, and nothing changed (I11)."""

from __future__ import annotations

import shutil
import time
from hashlib import sha256

import apsw
import pytest

from licet import embedded
from licet.errors import (
    ClockRefused,
    HomeMissing,
    KeyInvalid,
    LicetError,
    Malformed,
    ModeRefused,
    SettingsInvalid,
    StoreCorrupt,
    StoreRefused,
    StoreRewound,
)
from licet.ledger.checkpointing import sign_checkpoint
from licet.receipt.keys import PrivateKey
from licet.receipt.signer import Ed25519LogSigner
from licet.wiring.founding import found_home
from licet.wiring.home import Home
from support.world import payment, starter

ORIGIN = "starts.example/licet/main"
JSON = {"content-type": "application/json"}


def decide(root, *names):
    with embedded.open(root) as home:
        return [home.exchange("POST", "/v1/decisions", payment(name), JSON).body for name in names]


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """A home with three decisions, and beside it the same home as it was after one."""
    folder = tmp_path_factory.mktemp("starts")
    found_home(folder / "home", template=starter(), origin=ORIGIN)
    decide(folder / "home", "k-1")
    shutil.copytree(folder / "home", folder / "old")
    decide(folder / "home", "k-2", "k-3")
    found_home(folder / "other", template=starter(), origin="other.example/licet/main")
    found_home(folder / "twin", template=starter(), origin=ORIGIN)
    return folder


@pytest.fixture
def home(template, tmp_path):
    shutil.copytree(template / "home", tmp_path / "home")
    return Home(tmp_path / "home")


def digest_of(home):
    return sha256(home.database.read_bytes()).digest() if home.database.exists() else None


def refused(home, kind, words):
    before = digest_of(home)
    with pytest.raises(kind, match=words) as met:
        embedded.open(home.root)
    assert digest_of(home) == before
    assert met.value.mend
    return met.value


def signed(home, size, root):
    """A checkpoint that the home's own key signs."""
    key = PrivateKey.from_pem(home.key("log").read_bytes())
    return sign_checkpoint(ORIGIN, size, root, Ed25519LogSigner(ORIGIN, key))


def edited(home, statement, *bindings):
    db = apsw.Connection(str(home.database))
    db.execute(statement, bindings).fetchall()
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    db.close()


def test_the_template_opens(home):
    assert decide(home.root, "k-1")[0] == decide(home.root, "k-1")[0]


# --- the evidence contradicts the store -------------------------------------------------------------


def test_an_old_copy_of_the_store_is_refused(home, template):
    shutil.copy(template / "old" / "data" / "licet.db", home.database)

    refused(home, StoreRewound, "ends at size 3, but size 5")


def test_an_old_copy_without_the_checkpoint_that_tells_is_refused(home, template):
    shutil.copy(template / "old" / "data" / "licet.db", home.database)
    home.last_checkpoint.unlink()

    refused(home, StoreRewound, "is missing")


def test_a_checkpoint_from_the_future_is_refused(home):
    home.last_checkpoint.write_text(signed(home, 9, b"\1" * 32))

    refused(home, StoreRewound, "size 9 was published")


def test_another_root_at_the_same_size_is_refused(home):
    home.last_checkpoint.write_text(signed(home, 5, b"\1" * 32))

    refused(home, StoreRewound, "does not continue the checkpoint of size 5")


def test_another_history_before_is_refused(home):
    home.last_checkpoint.write_text(signed(home, 3, b"\1" * 32))

    refused(home, StoreRewound, "does not continue the checkpoint of size 3")


def test_an_older_genuine_checkpoint_is_published_again(home, template):
    """A crash between a commit and its publication is no rewind, and the start closes the gap."""
    shutil.copy(template / "old" / "data" / "last-checkpoint", home.last_checkpoint)

    decide(home.root, "k-1")
    assert home.last_checkpoint.read_text().splitlines()[1] == "5"


def test_another_homes_checkpoint_is_refused(home, template):
    shutil.copy(template / "other" / "data" / "last-checkpoint", home.last_checkpoint)

    refused(home, StoreCorrupt, "kept outside: .*not signed by this log's key")


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"nonsense", b"a\n1\n"])
def test_a_damaged_checkpoint_is_refused(home, content):
    home.last_checkpoint.write_bytes(content)

    refused(home, StoreCorrupt, "checkpoint")


def test_the_trust_file_is_a_checkpoint_too(home, template):
    """A database begun anew under the same keys does not continue what verifiers were given."""
    for name in ("licet.db", "last-checkpoint", "keys/log.pem", "keys/receipt.pem"):
        shutil.copy(template / "twin" / "data" / name, home.data / name)
    trust = home.trust_file.read_text()
    other = (template / "twin" / "trust" / "trust.json").read_text()
    ours = trust[trust.index('"as_of"') : trust.index("}", trust.index('"as_of"'))]
    theirs = other[other.index('"as_of"') : other.index("}", other.index('"as_of"'))]
    home.trust_file.write_text(other.replace(theirs, ours))

    refused(home, StoreRewound, "does not continue the checkpoint of size 2")


def test_a_leaf_that_was_changed_is_refused(home):
    edited(home, "UPDATE receipts SET jws = replace(jws, 'A', 'B') WHERE idx = 3")

    refused(home, StoreCorrupt, "leaf 3: the stored receipt is not the one that was logged")


def test_a_head_whose_time_was_set_back_is_refused(home):
    edited(home, "UPDATE log_head SET updated_ms = 1")

    refused(home, StoreCorrupt, "of a later time than the head")


# --- files that do not belong together ---------------------------------------------------------------


def test_another_homes_database_is_refused(home, template):
    shutil.copy(template / "other" / "data" / "licet.db", home.database)

    refused(home, StoreRefused, r"store of `other\.example/licet/main`")


@pytest.mark.parametrize("role", ["receipt", "log"])
def test_another_homes_key_is_refused(home, template, role):
    shutil.copy(template / "other" / "data" / "keys" / f"{role}.pem", home.key(role))

    refused(home, KeyInvalid, "not the one that this home's trust file names")


def test_another_homes_trust_is_refused(home, template):
    shutil.copy(template / "other" / "trust" / "trust.json", home.trust_file)

    refused(home, KeyInvalid, "not the one that this home's trust file names")


def test_a_lost_database_is_refused_and_never_made_anew(home):
    home.database.unlink()
    refused(home, StoreRefused, "licet.db-wal` is here and its database")
    for name in ("licet.db-wal", "licet.db-shm"):
        (home.data / name).unlink(missing_ok=True)

    refused(home, HomeMissing, "no database")
    assert not home.database.exists()


def test_a_missing_trust_file_is_refused(home):
    home.trust_file.unlink()

    refused(home, SettingsInvalid, r"trust\.json` is missing")


def test_a_damaged_trust_file_is_refused(home):
    home.trust_file.write_text('{"v":1,"v":1}')

    refused(home, Malformed, "twice|duplicate|name")


@pytest.mark.parametrize("role", ["receipt", "log"])
def test_a_missing_key_is_refused(home, role):
    home.key(role).unlink()

    refused(home, HomeMissing, rf"{role}\.pem` is missing")


def test_a_home_without_its_root_key_and_tokens_opens(home):
    for path in (home.key("root"), home.owner_token, home.executor_token):
        path.unlink()

    decide(home.root, "k-9")


def test_a_key_file_that_holds_no_key_is_refused_and_not_quoted(home):
    home.key("receipt").write_text("-----BEGIN PRIVATE KEY-----\nsecret\n-----END PRIVATE KEY-----\n")

    error = refused(home, KeyInvalid, r"receipt\.pem")
    assert "secret" not in str(error)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o601])
@pytest.mark.parametrize("name", ["root", "receipt", "log", "owner", "executor", "database"])
def test_a_secret_that_others_can_reach_is_refused(home, name, mode):
    others = {"owner": home.owner_token, "executor": home.executor_token, "database": home.database}
    path = others.get(name) or home.key(name)
    path.chmod(mode)

    assert str(path) in refused(home, ModeRefused, f"mode {mode:04o}").mend


# --- settings and clock ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[log]\norigin = 1\n", "expected `str`"),
        ("[log]\n", "missing required field"),
        ("[log]\norigin = 'a'\n[surprise]\n", "unknown field `surprise`"),
        ("[log]\norigin = 'a'\nsurprise = 1\n", "unknown field `surprise`"),
        ("[log\n", "is not TOML"),
        ("\xff", "is not TOML"),
        (f"[log]\norigin = '{ORIGIN}'\n[store]\nurl = 'postgresql://x'\n", "not one this version opens"),
    ],
)
def test_settings_that_cannot_be_used_are_refused(home, text, words):
    home.settings.write_bytes(text.encode("latin-1"))

    refused(home, SettingsInvalid, words)


@pytest.mark.parametrize("name", ["LICET__SERVICE", "LICET__SERVICE__LISTEN__X", "LICET__", "LICET__LOG__"])
def test_a_variable_that_names_no_setting_is_refused(home, monkeypatch, name):
    monkeypatch.setenv(name, "1")

    refused(home, SettingsInvalid, f"`{name}` names no setting")


def test_a_variable_goes_over_the_file_and_is_held_to_the_same_rules(home, monkeypatch):
    monkeypatch.setenv("LICET__SERVICE__SURPRISE", "1")
    refused(home, SettingsInvalid, "unknown field `surprise`")
    monkeypatch.delenv("LICET__SERVICE__SURPRISE")
    monkeypatch.setenv("LICET__LOG__ORIGIN", "other.example/licet/main")
    refused(home, LicetError, r"other\.example|trust file")


def test_a_clock_behind_the_log_is_refused(home):
    ahead_ms = (int(time.time()) + 3_600) * 1_000
    edited(home, "UPDATE log_head SET updated_ms = ?", ahead_ms)

    refused(home, ClockRefused, "3[56][0-9]{2} s behind the log")


def test_a_second_opener_is_refused_and_harmless(home):
    with embedded.open(home.root) as first:
        with pytest.raises(LicetError, match="held by process"):
            embedded.open(home.root)
        assert first.exchange("POST", "/v1/decisions", payment("k-7"), JSON).status == 200
