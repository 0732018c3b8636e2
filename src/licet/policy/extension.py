"""The text forms of Cedar's extension types, as strictly as Cedar reads them or stricter.

Cedar 4.5 language reference, "extension functions". Python's own constructors differ (other digits,
leading zeros, years), so each grammar is written down; what passes here, Cedar accepts
(``tests/policy/test_extension.py`` asks it).
"""

from __future__ import annotations

import re
from datetime import date
from ipaddress import IPv4Address, IPv6Address
from typing import Final

_INT64_MAX: Final = 2**63 - 1
_DECIMAL = re.compile(r"(-?)([0-9]{1,15})\.([0-9]{1,4})", re.ASCII)
_DURATION = re.compile(
    r"(-?)(?:([0-9]+)d)?(?:([0-9]+)h)?(?:([0-9]+)m)?(?:([0-9]+)s)?(?:([0-9]+)ms)?", re.ASCII
)
_DURATION_MS: Final = (86_400_000, 3_600_000, 60_000, 1_000, 1)
_DURATION_CHARS_MAX: Final = 64
_DATETIME = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"(?:T([01][0-9]|2[0-3]):([0-5][0-9]):([0-5][0-9])(?:\.[0-9]{3})?(?:Z|[+-]([01][0-9]|2[0-3])([0-5][0-9])))?",
    re.ASCII,
)
_IP = re.compile(r"([0-9A-Fa-f.:]{2,45})(?:/(0|[1-9][0-9]{0,2}))?", re.ASCII)
_PREFIX_BITS: Final = {4: 32, 6: 128}


def decimal_scaled(text: str) -> int | None:
    """Ten-thousandths of a decimal such as ``12.5``; None when it is not one."""
    match = _DECIMAL.fullmatch(text)
    if match is None:
        return None
    scaled = int(match.group(2)) * 10_000 + int(match.group(3).ljust(4, "0"))
    value = -scaled if match.group(1) else scaled
    return value if abs(value) <= _INT64_MAX else None


def is_decimal(text: str) -> bool:
    """Whether Cedar reads ``text`` as a decimal: up to four fraction digits, at least one."""
    return decimal_scaled(text) is not None


def is_datetime(text: str) -> bool:
    """Whether Cedar reads ``text`` as a datetime: a date, or a date and time with its offset."""
    match = _DATETIME.fullmatch(text)
    if match is None:
        return False
    try:
        date.fromisoformat(match.group(1))
    except ValueError:
        return False
    return True


def is_duration(text: str) -> bool:
    """Whether Cedar reads ``text`` as a duration such as ``1d2h30m``: units falling, each once."""
    match = _DURATION.fullmatch(text) if len(text) <= _DURATION_CHARS_MAX else None
    if match is None or not any(match.groups()[1:]):
        return False
    pairs = zip(match.groups()[1:], _DURATION_MS, strict=True)
    return sum(int(digits or 0) * unit_ms for digits, unit_ms in pairs) <= _INT64_MAX


def is_ip(text: str) -> bool:
    """Whether Cedar reads ``text`` as an address or range: no IPv4 inside IPv6, no zone, no mask."""
    match = _IP.fullmatch(text)
    if match is None:
        return False
    address, prefix = match.groups()
    if ":" in address and "." in address:
        return False
    try:
        version = (IPv6Address(address) if ":" in address else IPv4Address(address)).version
    except ValueError:
        return False
    return prefix is None or int(prefix) <= _PREFIX_BITS[version]
