"""Settings: ``LICET__SECTION__KEY`` in the environment over ``licet.toml`` over defaults."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import msgspec

from licet.errors import SettingsInvalid

PREFIX = "LICET__"
_PARTS = 2
_NUMBER = re.compile(r"[0-9]{1,9}")


class LogSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[log]``: the name of the log; it must equal the name in the store."""

    origin: str


class StoreSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[store]``: where evidence and state live, relative to the home."""

    url: str = "sqlite:data/licet.db"


class ServiceSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[service]``: where ``licet serve`` listens; the socket is relative to the home."""

    listen: str = "127.0.0.1:8787"
    socket: str = "data/licet.sock"


Mebibytes: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=1024 * 1024)]


class DiskSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[disk]``: the mark below which no new PERMIT is given, and the space kept for a clean stop."""

    low_mark_mib: Mebibytes = 256
    reserve_mib: Mebibytes = 64


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All settings of a home."""

    log: LogSettings
    store: StoreSettings = StoreSettings()
    service: ServiceSettings = ServiceSettings()
    disk: DiskSettings = DiskSettings()


def load_settings(path: Path, env: Mapping[str, str]) -> Settings:
    """Read ``licet.toml`` and lay the environment over it.

    Raises:
        SettingsInvalid: not TOML, an unknown key, or a value of another type; names the place.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsInvalid(f"`{path}` is not TOML: {error}", mend="mend the line it names") from error
    except OSError as error:
        told = (error.strerror or "").lower()
        raise SettingsInvalid(f"`{path}` cannot be read: {told}", mend="give it to its owner") from error
    for name, value in env.items():
        if name.startswith(PREFIX):
            _lay_over(document, name, value)
    try:
        return msgspec.convert(document, Settings)
    except msgspec.ValidationError as error:
        raise SettingsInvalid(
            f"`{path}` cannot be used: {str(error).lower()}",
            mend="see docs/reference/settings.md for every key",
        ) from error


def _lay_over(document: dict[str, Any], name: str, value: str) -> None:
    parts = name.removeprefix(PREFIX).lower().split("__")
    if len(parts) != _PARTS or "" in parts:
        # A typing error that is passed over is a setting that somebody believes in.
        raise SettingsInvalid(
            f"the variable `{name}` names no setting", mend="write LICET__SECTION__KEY, or unset it"
        )
    section = document.setdefault(parts[0], {})
    if isinstance(section, dict):
        section[parts[1]] = int(value) if _NUMBER.fullmatch(value) and parts[1].endswith("_mib") else value
