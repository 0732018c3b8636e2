"""The text forms of Cedar's extension types, as strictly as Cedar reads them or stricter.

Cedar 4.5 language reference, "extension functions". Python's own constructors differ (other digits,
leading zeros, years), so each grammar is written down; what passes here, Cedar accepts
(``tests/policy/test_extension.py`` asks it).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from ipaddress import IPv4Address, IPv6Address
from types import MappingProxyType
from typing import Final, Literal

ExtensionName = Literal["decimal", "datetime", "duration", "ip"]

_INT64_MAX: Final = 2**63 - 1
_DECIMAL = re.compile(r"(-?)([0-9]{1,15})\.([0-9]{1,4})", re.ASCII)
_DURATION = re.compile(
    r"(-?)(?:([0-9]+)d)?(?:([0-9]+)h)?(?:([0-9]+)m)?(?:([0-9]+)s)?(?:([0-9]+)ms)?", re.ASCII
)
_DURATION_MS: Final = (86_400_000, 3_600_000, 60_000, 1_000, 1)
_DURATION_CHARS_MAX: Final = 64
_DATETIME = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"(?:T([01][0-9]|2[0-3]):([0-5][0-9]):([0-5][0-9])(?:\.([0-9]{3}))?"
    r"(?:Z|([+-])([01][0-9]|2[0-3])([0-5][0-9])))?",
    re.ASCII,
)
_IP = re.compile(r"([0-9A-Fa-f.:]{2,45})(?:/(0|[1-9][0-9]{0,2}))?", re.ASCII)


def decimal_scaled(text: str) -> int | None:
    """Ten-thousandths of a decimal such as ``12.5``; None when it is not one."""
    match = _DECIMAL.fullmatch(text)
    if match is None:
        return None
    scaled = int(match.group(2)) * 10_000 + int(match.group(3).ljust(4, "0"))
    value = -scaled if match.group(1) else scaled
    return value if abs(value) <= _INT64_MAX else None


def datetime_ms(text: str) -> int | None:
    """Milliseconds of a date, or of a date and time with its offset; None when it is not one."""
    match = _DATETIME.fullmatch(text)
    if match is None:
        return None
    day, *rest = match.groups()
    try:
        days = date.fromisoformat(day).toordinal()
    except ValueError:
        return None
    hour, minute, second, thousandths, sign, ahead_h, ahead_m = (part or "0" for part in rest)
    ahead = (int(ahead_h) * 60 + int(ahead_m)) * (-1 if sign == "-" else 1)
    minutes = (days * 24 + int(hour)) * 60 + int(minute) - ahead
    return (minutes * 60 + int(second)) * 1_000 + int(thousandths)


def duration_ms(text: str) -> int | None:
    """Milliseconds of a duration such as ``1d2h30m``: units falling, each once; None when it is not one."""
    match = _DURATION.fullmatch(text) if len(text) <= _DURATION_CHARS_MAX else None
    if match is None or not any(match.groups()[1:]):
        return None
    pairs = zip(match.groups()[1:], _DURATION_MS, strict=True)
    ms = sum(int(digits or 0) * unit_ms for digits, unit_ms in pairs)
    if ms > _INT64_MAX:
        return None
    return -ms if match.group(1) else ms


def ip_range(text: str) -> tuple[int, int, int] | None:
    """Version, address and prefix bits of an address or range; None when it is not one.

    No IPv4 inside IPv6, no zone, no mask. An address is the range of itself.
    """
    match = _IP.fullmatch(text)
    if match is None:
        return None
    written, prefix = match.groups()
    if ":" in written and "." in written:
        return None
    try:
        address = IPv6Address(written) if ":" in written else IPv4Address(written)
    except ValueError:
        return None
    bits = address.max_prefixlen if prefix is None else int(prefix)
    return None if bits > address.max_prefixlen else (address.version, int(address), bits)


READERS: Final[Mapping[ExtensionName, Callable[[str], object | None]]] = MappingProxyType(
    {"decimal": decimal_scaled, "datetime": datetime_ms, "duration": duration_ms, "ip": ip_range}
)
"""What Cedar reads in a text of each type, None when it reads nothing: equal for it is equal here."""
