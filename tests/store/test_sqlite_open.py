"""What the SQLite driver refuses to open, and what it tells whoever must mend it."""

from __future__ import annotations

import os
import shutil

import apsw
import pytest

from licet.errors import HomeMissing, ModeRefused, StoreCorrupt, StoreRefused
from licet.store import sqlite_check, sqlite_open, sqlite_schema
from licet.store.sqlite import create, open_store
from store.samples import NOW_MS, ORIGIN, activation, append, bundle, grown, permit, receipt


@pytest.fixture
def path(tmp_path):
    """A closed, honest store of three leaves."""
    path = tmp_path / "licet.db"
    create(path, origin=ORIGIN, now_ms=NOW_MS)
    store = open_store(path)
    append(store, 3, also=lambda txn, _: txn.insert_permit(permit()))
    store.close()
    return path


def _tamper(path, *statements):
    connection = apsw.Connection(str(path))
    connection.execute("PRAGMA ignore_check_constraints = ON").fetchall()
    for statement in statements:
        connection.execute(statement).fetchall()
    connection.close()


def _files(folder):
    return sorted(entry.name for entry in folder.iterdir())


def test_an_honest_store_opens_again(path):
    store = open_store(path, origin=ORIGIN)

    assert store.head().size == 3
    store.close()


def test_a_missing_database_is_never_made(tmp_path):
    path = tmp_path / "licet.db"

    with pytest.raises(HomeMissing) as met:
        open_store(path)
    with pytest.raises(StoreRefused):
        sqlite_open.connect(path, mode="rw")
    assert "`licet init DIR`" in met.value.mend
    assert _files(tmp_path) == []


def test_a_missing_folder_is_a_missing_home(tmp_path):
    with pytest.raises(HomeMissing):
        open_store(tmp_path / "nowhere" / "licet.db")


def test_a_write_ahead_log_without_its_database_is_kept(path):
    store = open_store(path)
    store.heartbeat(NOW_MS + 1)
    shutil.copy(f"{path}-wal", f"{path}-kept")
    store.close()
    path.unlink()
    shutil.move(f"{path}-kept", f"{path}-wal")

    with pytest.raises(StoreRefused) as met:
        open_store(path)
    assert "keep the -wal file" in met.value.mend
    assert not path.exists()


def test_a_folder_is_no_database(tmp_path):
    (tmp_path / "licet.db").mkdir(mode=0o700)

    with pytest.raises(StoreRefused):
        open_store(tmp_path / "licet.db")


@pytest.mark.parametrize("content", [b"", b"SQLite", b"garbage" * 1000, b"SQLite format 3\0" + b"\0" * 50])
def test_a_damaged_header_raises_the_alarm(path, content):
    path.write_bytes(content)

    with pytest.raises(StoreCorrupt) as met:
        open_store(path)
    assert "restore the newest backup" in met.value.mend
    assert path.read_bytes() == content


@pytest.mark.parametrize("kept", [100, 4096, 5000, 20_000])
def test_a_truncated_database_raises_the_alarm(path, kept):
    os.truncate(path, kept)

    with pytest.raises(StoreCorrupt):
        open_store(path)


def test_a_malformed_page_raises_the_alarm(path):
    size = path.stat().st_size
    with path.open("r+b") as file:
        for page in range(1, size // 4096):
            file.seek(page * 4096)
            file.write(b"\xff" * 64)

    with pytest.raises(StoreCorrupt):
        open_store(path)


def test_a_malformed_small_table_is_found_in_a_large_store(path, monkeypatch):
    monkeypatch.setattr(sqlite_check, "QUICK_CHECK_BYTES_MAX", 0)
    open_store(path).close()
    with path.open("r+b") as file:
        for page in range(1, path.stat().st_size // 4096):
            file.seek(page * 4096)
            file.write(b"\xff" * 64)

    with pytest.raises(StoreCorrupt):
        open_store(path)


def test_a_row_that_breaks_its_check_raises_the_alarm(path):
    _tamper(path, "UPDATE receipts SET outcome = 'ALLOW' WHERE idx = 1")

    with pytest.raises(StoreCorrupt):
        open_store(path)


def test_an_index_that_disagrees_with_its_table_is_found_by_the_full_check(path):
    connection = apsw.Connection(str(path))
    query = "SELECT rootpage FROM sqlite_schema WHERE name = 'receipts_actor'"
    (page,) = connection.execute(query).fetchone()
    connection.close()
    with path.open("r+b") as file:
        file.seek((page - 1) * 4096)
        content = file.read(4096)
        file.seek((page - 1) * 4096)
        file.write(content.replace(b"finance-bot", b"finance-bat"))
    store = open_store(path)

    with pytest.raises(StoreCorrupt, match="receipts_actor"):
        store.verify_integrity()
    store.close()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o620, 0o602, 0o777])
def test_a_database_open_to_others_is_refused_with_its_chmod(path, mode):
    path.chmod(mode)

    with pytest.raises(ModeRefused) as met:
        open_store(path)
    assert met.value.mend == f"`chmod 600 {path}`"
    path.chmod(0o600)
    open_store(path).close()


def test_a_write_ahead_log_open_to_others_is_refused(path):
    path.with_name("licet.db-wal").chmod(0o644)

    with pytest.raises(ModeRefused) as met:
        open_store(path)
    assert met.value.mend == f"`chmod 600 {path}-wal`"


def test_a_folder_that_everybody_writes_is_refused(path):
    path.parent.chmod(0o777)

    with pytest.raises(ModeRefused) as met:
        open_store(path)
    assert met.value.mend == f"`chmod go-w {path.parent}`"
    path.parent.chmod(0o700)


def test_every_file_of_a_store_is_secret(path):
    store = open_store(path)
    store.heartbeat(NOW_MS)

    modes = {entry.name: entry.stat().st_mode & 0o777 for entry in path.parent.iterdir()}
    assert modes == dict.fromkeys(["LOCK", "licet.db", "licet.db-shm", "licet.db-wal"], 0o600)
    store.close()


def test_a_database_with_a_second_name_is_refused(path):
    (path.parent / "elsewhere").mkdir()
    os.link(path, path.parent / "elsewhere" / "licet.db")

    with pytest.raises(StoreRefused, match="hard links"):
        open_store(path)


def test_a_symbolic_link_leads_to_the_one_lock(path, tmp_path):
    link = tmp_path / "elsewhere"
    link.mkdir()
    (link / "licet.db").symlink_to(path)
    store = open_store(link / "licet.db")

    assert not (link / "LOCK").exists()
    store.close()


@pytest.mark.parametrize(
    ("magic", "name"),
    [(0x6969, "NFS"), (0xFF534D42, "CIFS"), (0x65735546, "FUSE"), (0x01021997, "9P")],
)
def test_a_network_file_system_is_refused(path, magic, name, monkeypatch):
    monkeypatch.setattr(sqlite_open, "_file_system", lambda folder: magic)

    for attempt in (
        lambda: open_store(path),
        lambda: create(path.parent / "new.db", origin=ORIGIN, now_ms=0),
    ):
        with pytest.raises(StoreRefused, match=name) as met:
            attempt()
        assert "local disk" in met.value.mend


def test_a_local_file_system_is_read_from_the_kernel(tmp_path):
    sqlite_open.check_file_system(tmp_path)
    with pytest.raises(StoreRefused):
        sqlite_open.check_file_system(tmp_path / "nowhere")


@pytest.mark.parametrize("version", ["3.51.3", "3.54.1", "3.50.7", "3.50.99", "3.44.6"])
def test_an_engine_with_the_wal_reset_fix_is_taken(version):
    sqlite_open.check_engine(version)


@pytest.mark.parametrize(
    "version", ["3.7.0", "3.40.1", "3.44.5", "3.45.0", "3.50.6", "3.51.0", "3.51.2", "4.0.0"]
)
def test_an_engine_without_the_wal_reset_fix_is_refused(version, path, monkeypatch):
    monkeypatch.setattr(apsw, "sqlite_lib_version", lambda: version)

    for attempt in (
        lambda: open_store(path),
        lambda: create(path.parent / "new.db", origin=ORIGIN, now_ms=0),
    ):
        with pytest.raises(StoreRefused, match=f"SQLite `{version}` can corrupt"):
            attempt()


def test_another_log_is_refused(path):
    with pytest.raises(StoreRefused, match=r"example\.com/other"):
        open_store(path, origin="example.com/other")


@pytest.mark.parametrize(("version", "age"), [(0, "older"), (2, "newer")])
def test_another_schema_is_refused_and_names_the_migration(path, version, age):
    _tamper(path, f"PRAGMA user_version = {version}")

    with pytest.raises(StoreRefused, match=age) as met:
        open_store(path)
    assert "`licet store migrate`" in met.value.mend


def test_another_migration_of_the_same_number_is_refused(path):
    _tamper(path, "UPDATE meta SET value = 'x' WHERE name = 'migration.0001'")

    with pytest.raises(StoreRefused, match=r"0001_start\.sql"):
        open_store(path)


def test_another_application_is_refused(path):
    _tamper(path, "PRAGMA application_id = 1")

    with pytest.raises(StoreRefused, match="no licet store"):
        open_store(path)


@pytest.mark.parametrize(
    "statement",
    [
        "DROP INDEX permit_ids",
        "DROP TABLE tokens",
        "DROP TABLE meta",
        "DROP TABLE log_head",
        "CREATE TRIGGER planted AFTER UPDATE ON permits BEGIN UPDATE permits SET claimed_s = NULL; END",
        "CREATE VIEW planted AS SELECT 1",
        "ALTER TABLE idem ADD COLUMN extra TEXT",
    ],
)
def test_a_changed_schema_raises_the_alarm(path, statement):
    _tamper(path, statement)

    with pytest.raises(StoreCorrupt):
        open_store(path)


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM receipts WHERE idx = 2",
        "UPDATE log_head SET size = 2",
        "UPDATE log_head SET checkpoint = 'another'",
        "UPDATE log_head SET origin = 'example.com/other'",
        "DELETE FROM log_head",
        "DELETE FROM checkpoints",
        "UPDATE checkpoints SET note = 'another'",
        "UPDATE meta SET value = 'example.com/other' WHERE name = 'origin'",
    ],
)
def test_edges_that_tell_two_stories_raise_the_alarm(path, statement):
    _tamper(path, statement)

    with pytest.raises(StoreCorrupt):
        open_store(path)


def test_a_head_set_back_meets_the_checkpoint_it_forgot(path):
    store = open_store(path)
    stale = store.head()
    append(store, 1)
    store.close()
    connection = apsw.Connection(str(path))
    store = open_store(path)
    connection.execute("DELETE FROM receipts WHERE idx = 3").fetchall()
    connection.execute("UPDATE log_head SET size = 3").fetchall()
    connection.close()

    txn = store.begin()
    txn.insert_leaves([receipt(3)], [])
    with pytest.raises(StoreRefused, match="another root"):
        txn.advance_head(stale, grown(stale, root=b"r" * 32))
    txn.rollback()
    store.close()


def test_text_that_is_no_text_raises_the_alarm(path):
    _tamper(path, "UPDATE receipts SET jws = CAST(x'ff41' AS TEXT) WHERE idx = 1")
    store = open_store(path)

    with pytest.raises(StoreCorrupt):
        store.receipt(1)
    txn = store.begin()
    with pytest.raises(StoreCorrupt):
        txn.read_back(0, 3)
    txn.rollback()
    store.close()


def test_a_bundle_that_was_deleted_is_found_by_the_full_check(path):
    store = open_store(path)

    def activate(txn, first):
        txn.insert_bundle(bundle())
        txn.insert_activation(activation(1, first))

    append(store, also=activate)
    store.verify_integrity()
    store.close()
    _tamper(path, "DELETE FROM bundles")

    store = open_store(path)
    with pytest.raises(StoreCorrupt):
        store.verify_integrity()
    store.close()


def test_a_path_of_strange_characters_is_one_path(tmp_path):
    path = tmp_path / "l#i?c%41e t&mode=memory.db"
    create(path, origin=ORIGIN, now_ms=0)
    store = open_store(path)
    append(store)
    store.close()

    assert open_store(path).head().size == 1
    assert _files(tmp_path)[1] == path.name


def test_a_file_that_cannot_be_opened_is_refused(path, monkeypatch):
    monkeypatch.setattr(sqlite_open.apsw, "Connection", _no_connection)

    with pytest.raises(StoreRefused):
        open_store(path)
    monkeypatch.undo()
    open_store(path).close()


def test_a_file_that_cannot_be_read_is_refused(path, monkeypatch):
    def denied(*_, **__):
        raise PermissionError(13, "Permission denied")

    for name in ("open", "resolve"):
        monkeypatch.setattr(sqlite_open.Path, name, denied)
        with pytest.raises(StoreRefused, match="Permission denied"):
            open_store(path)
        monkeypatch.undo()
    open_store(path).close()


class _Failing:
    def execute(self, statement):
        raise apsw.CorruptError


@pytest.mark.parametrize(
    "check",
    [
        lambda connection: sqlite_check.check_pages(connection, 0),
        sqlite_check.check_everything,
        lambda connection: sqlite_check.check_edges(connection, None),
    ],
)
def test_a_check_that_cannot_read_raises_the_alarm(check):
    with pytest.raises(StoreCorrupt):
        check(_Failing())


def test_a_head_that_is_gone_raises_the_alarm(path):
    store = open_store(path)
    connection = apsw.Connection(str(path))
    connection.execute("DELETE FROM log_head").fetchall()
    connection.close()

    with pytest.raises(StoreCorrupt):
        store.head()
    txn = store.begin()
    with pytest.raises(StoreCorrupt):
        txn.head()
    txn.rollback()
    store.close()


def test_names_that_are_no_text_raise_the_alarm(path):
    _tamper(path, "UPDATE meta SET value = CAST(x'ff' AS TEXT) WHERE name = 'engine'")

    with pytest.raises(StoreCorrupt):
        open_store(path)


@pytest.mark.parametrize("system", ["darwin", "freebsd14"])
def test_other_systems_are_not_asked_in_linux_numbers(tmp_path, monkeypatch, system):
    monkeypatch.setattr(sqlite_open.sys, "platform", system)

    sqlite_open.check_file_system(tmp_path)


def _no_connection(*_, **__):
    raise apsw.CantOpenError


def test_migrations_are_numbered_from_one_without_a_gap():
    assert [step.number for step in sqlite_schema.migrations()] == [1]


def test_the_migrations_that_were_released_are_never_edited():
    pinned = {1: "16b8f714826a024030f0c65057f0c7e428a5058f009426087fd5dddb8a29b1bf"}

    assert {step.number: step.checksum for step in sqlite_schema.migrations()} == pinned
