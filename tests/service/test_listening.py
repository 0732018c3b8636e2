"""Sockets: loopback alone, modes, dead and live ones, paths that are too long."""

from __future__ import annotations

import os
import socket
import stat
import tempfile
from pathlib import Path

import pytest

from licet.errors import AddressInUse, SettingsInvalid
from licet.service.listening import (
    UNIX_PATH_BYTES_MAX,
    Address,
    bind_tcp,
    bind_unix,
    parse_listen,
    remove_unix,
)
from licet.wiring.home import Home
from licet.wiring.runtime import make_folder, socket_path


@pytest.fixture
def short():
    with tempfile.TemporaryDirectory(prefix="licet") as folder:
        yield Path(folder)


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("127.0.0.1:8787", "127.0.0.1", 8787),
        ("127.0.0.2:0", "127.0.0.2", 0),
        ("localhost:80", "127.0.0.1", 80),
        ("[::1]:8787", "::1", 8787),
    ],
)
def test_a_loopback_address_is_read(text, host, port):
    assert parse_listen(text) == Address(host, port)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "8787",
        "127.0.0.1",
        "127.0.0.1:",
        ":8787",
        "127.0.0.1:65536",
        "127.0.0.1:-1",
        "127.0.0.1:٣",
        "a:1",
        "x y:1",
    ],
)
def test_what_is_no_address_is_refused(text):
    with pytest.raises(SettingsInvalid):
        parse_listen(text)


@pytest.mark.parametrize("host", ["0.0.0.0", "[::]", "10.0.0.1", "192.168.1.1", "8.8.8.8", "[2001:db8::1]"])  # noqa: S104 - refused is what they are for
def test_beyond_loopback_nobody_listens(host):
    with pytest.raises(SettingsInvalid, match="TLS"):
        parse_listen(f"{host}:8787")


def test_a_port_in_use_is_named_with_its_mend():
    with bind_tcp(Address("127.0.0.1", 0)) as first:
        port = first.getsockname()[1]
        with pytest.raises(AddressInUse, match=str(port)) as met:
            bind_tcp(Address("127.0.0.1", port))
    assert "--listen" in met.value.mend


def test_a_unix_socket_is_for_its_owner_alone_whatever_the_umask(short):
    before = os.umask(0)
    try:
        with bind_unix(short / "s"):
            assert stat.S_IMODE((short / "s").stat().st_mode) == 0o600
            assert os.umask(0) == 0
    finally:
        os.umask(before)


def test_a_dead_servers_socket_file_is_replaced(short):
    bind_unix(short / "s").close()

    with bind_unix(short / "s") as listener:
        assert listener.getsockname() == str(short / "s")


def test_a_live_servers_socket_is_left_alone(short):
    with bind_unix(short / "s"):
        with pytest.raises(AddressInUse, match="answers"):
            bind_unix(short / "s")
        with socket.socket(socket.AF_UNIX) as probe:
            probe.connect(str(short / "s"))


def test_a_live_server_whose_queue_is_full_is_alive(short, monkeypatch):
    monkeypatch.setattr("licet.service.listening.PROBE_S", 0.05)
    with socket.socket(socket.AF_UNIX) as busy:
        busy.bind(str(short / "s"))
        busy.listen(0)
        waiting = [socket.socket(socket.AF_UNIX) for _ in range(2)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(str(short / "s"))
        with pytest.raises(AddressInUse):
            bind_unix(short / "s")
        for one in waiting:
            one.close()


@pytest.mark.parametrize("kind", ["file", "folder", "link"])
def test_what_is_no_socket_is_never_removed(short, kind):
    path = short / "s"
    {"file": path.touch, "folder": path.mkdir, "link": lambda: path.symlink_to(short / "nowhere")}[kind]()

    with pytest.raises(AddressInUse, match="no socket"):
        bind_unix(path)
    assert os.path.lexists(path)


def test_a_path_that_no_socket_address_holds_is_refused(short):
    name = "s" * (UNIX_PATH_BYTES_MAX - len(os.fsencode(short)) - 1)
    bind_unix(short / name).close()

    with pytest.raises(SettingsInvalid, match="107"):
        bind_unix(short / (name + "s"))


def test_a_folder_that_is_not_there_is_refused_with_its_reason(short):
    with pytest.raises(SettingsInvalid, match="cannot make"):
        bind_unix(short / "none" / "s")


def test_removing_a_socket_twice_is_fine(short):
    bind_unix(short / "s").close()
    remove_unix(short / "s")
    remove_unix(short / "s")

    assert not (short / "s").exists()


# --- the short path of a home ---------------------------------------------------------------------


def test_a_home_keeps_its_socket_while_the_path_fits(short):
    assert socket_path(Home(short), "data/licet.sock", {}) == short / "data" / "licet.sock"


def test_a_home_too_deep_for_a_socket_gets_a_short_one_of_its_own(short):
    env = {"XDG_RUNTIME_DIR": str(short)}
    deep, other = Home(short / ("d" * 120)), Home(short / ("e" * 120))

    path = socket_path(deep, "data/licet.sock", env)
    make_folder(path)

    assert len(os.fsencode(path)) <= UNIX_PATH_BYTES_MAX
    assert path == socket_path(deep, "data/licet.sock", env)
    assert path != socket_path(other, "data/licet.sock", env)
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    bind_unix(path).close()


@pytest.mark.parametrize("value", ["", "relative", "/" + "x" * 90])
def test_without_a_usable_run_time_directory_the_temporary_one_is_used(short, value, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(short))

    path = socket_path(Home(short / ("d" * 120)), "data/licet.sock", {"XDG_RUNTIME_DIR": value})
    assert path.parent == short / f"licet-{os.getuid()}"


@pytest.mark.parametrize("kind", ["open", "link", "file"])
def test_a_short_paths_folder_that_others_made_is_refused(short, kind):
    folder = short / "licet"
    if kind == "open":
        folder.mkdir()
        folder.chmod(0o755)
    elif kind == "link":
        (short / "elsewhere").mkdir(mode=0o700)
        folder.symlink_to(short / "elsewhere")
    else:
        folder.touch(0o600)

    with pytest.raises(SettingsInvalid):
        socket_path(Home(short / ("d" * 120)), "data/licet.sock", {"XDG_RUNTIME_DIR": str(short)})
    with pytest.raises(SettingsInvalid):
        make_folder(folder / "licet-x.sock")
