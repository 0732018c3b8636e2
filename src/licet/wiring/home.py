"""A home directory: where each of its files lies, and who may read them (``protocol.md`` 6)."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from licet.errors import HomeMissing, KeyInvalid, ModeRefused
from licet.receipt.keys import PrivateKey

SETTINGS_NAME = "licet.toml"
SECRET_BYTES_MAX = 16 * 1024
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


@dataclass(frozen=True, slots=True)
class Home:
    """The paths of one home."""

    root: Path

    @property
    def settings(self) -> Path:
        """``licet.toml``."""
        return self.root / SETTINGS_NAME

    @property
    def bundle(self) -> Path:
        """The working copy of the policy bundle; what decides is in the store."""
        return self.root / "bundle"

    @property
    def data(self) -> Path:
        """Everything the authority writes; mode 0700."""
        return self.root / "data"

    @property
    def trust(self) -> Path:
        """What verifiers are given."""
        return self.root / "trust"

    @property
    def trust_file(self) -> Path:
        """The trust file."""
        return self.trust / "trust.json"

    @property
    def database(self) -> Path:
        """The SQLite file."""
        return self.data / "licet.db"

    @property
    def last_checkpoint(self) -> Path:
        """The newest checkpoint, kept outside the database."""
        return self.data / "last-checkpoint"

    @property
    def reserve(self) -> Path:
        """Disk space that ``licet serve`` holds, and gives up for a clean stop."""
        return self.data / "reserve"

    @property
    def socket(self) -> Path:
        """The unix socket of ``licet serve``."""
        return self.data / "licet.sock"

    @property
    def owner_token(self) -> Path:
        """The owner's API key."""
        return self.data / "owner.token"

    @property
    def executor_token(self) -> Path:
        """The starter executor's API key."""
        return self.data / "executor.token"

    def secrets(self) -> tuple[Path, ...]:
        """Every file that only its owner may read. The root key and the tokens may be kept elsewhere."""
        return (
            *(self.key(role) for role in ("root", "receipt", "log")),
            self.owner_token,
            self.executor_token,
        )

    def key(self, role: str) -> Path:
        """The private key file of ``root``, ``receipt`` or ``log``."""
        return self.data / "keys" / f"{role}.pem"


def find_home(explicit: str | None, env: Mapping[str, str], here: Path) -> Home:
    """The home that a command means: ``--home``, else ``LICET_HOME``, else this folder if it is one.

    Raises:
        HomeMissing: there is none.
    """
    named = explicit or env.get("LICET_HOME")
    root = Path(named) if named else here
    if not (root / SETTINGS_NAME).is_file():
        where = f"`{root}` holds no {SETTINGS_NAME}" if named else "this folder is no licet home"
        raise HomeMissing(where, mend="make one with `licet init DIR`, or name one with `--home DIR`")
    return Home(root.resolve())


def read_secret(path: Path) -> bytes:
    """The content of a file that only its owner may read.

    Raises:
        HomeMissing: it is not there.
        ModeRefused: others can read or write it, or it is no file that its owner can read.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError as error:
        raise HomeMissing(
            f"`{path}` is missing", mend="restore it from the backup of this home's keys"
        ) from error
    except OSError as error:
        told = (error.strerror or "").lower()
        raise ModeRefused(f"`{path}` cannot be read: {told}", mend="give it to its owner") from error
    with os.fdopen(handle, "rb") as file:
        # The mode of the very file that is read, not of the one that stood there a moment before.
        mode = os.fstat(handle).st_mode
        if mode & _OTHERS:
            # Attack: another account of this machine signs in this home's name.
            raise ModeRefused(
                f"`{path}` can be read by others (mode {stat.S_IMODE(mode):04o})", mend=f"chmod 600 {path}"
            )
        if not stat.S_ISREG(mode):
            raise ModeRefused(f"`{path}` is no plain file", mend="put the file itself there")
        return file.read(SECRET_BYTES_MAX)


def read_key(path: Path) -> PrivateKey:
    """A private key of the home.

    Raises:
        HomeMissing, ModeRefused: as ``read_secret``.
        KeyInvalid: no usable key; the message names the file and quotes nothing of it.
    """
    try:
        return PrivateKey.from_pem(read_secret(path))
    except KeyInvalid as error:
        raise KeyInvalid(f"`{path}`: {error.message}", mend=error.mend) from error
