"""``bundle.toml``: what the bundle is called, who owns it, and in which language it is written."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from licet.policy import limits
from licet.policy.findings import Findings, Place
from licet.policy.toml_source import Keys, TomlSource
from licet.protocol.digest import is_digest
from licet.protocol.types import Digest

LANGUAGE: Final = "cedar/4.5"
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,63}")
_OWNERS_MAX: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleHead:
    """Name and label are for people; only the digest names a version in a receipt."""

    name: str
    label: str
    language: str
    owners: tuple[str, ...]
    parent: Digest | None


def read_head(source: TomlSource | None, findings: Findings) -> BundleHead:
    """The head in ``source``, which is None when ``bundle.toml`` is absent; faults become findings."""
    if source is None:
        if not findings.failed():
            mend = f'write bundle.toml with name, version and language = "{LANGUAGE}"'
            findings.error("POL023", Place(file="bundle.toml"), "the file `bundle.toml` is missing", mend)
        return BundleHead(name="", label="", language=LANGUAGE, owners=(), parent=None)
    keys = Keys(source, (), source.document, findings)
    name = keys.text("name", chars_max=limits.NAME_CHARS_MAX, grammar=_NAME)
    label = keys.text("version", chars_max=limits.NAME_CHARS_MAX)
    language = keys.text("language", chars_max=limits.NAME_CHARS_MAX)
    if language and language != LANGUAGE:
        keys.fault(
            "language", f"the language `{language}` is not spoken here", f'write language = "{LANGUAGE}"'
        )
    owners = keys.strings("owners", (), items_max=_OWNERS_MAX, chars_max=limits.NAME_CHARS_MAX)
    parent = keys.text("parent", chars_max=71) if keys.has("parent") else None
    if parent is not None and not is_digest(parent):
        keys.fault("parent", f"`{parent}` is not a digest", "write sha256: and 64 lower-case hex digits")
    if keys.has("governance"):
        keys.value("governance")
        mend = "leave [governance] out: the owner of the home activates alone"
        keys.fault("governance", "governance roles are not in this version", mend, code="POL025")
    keys.end()
    return BundleHead(
        name=name,
        label=label,
        language=LANGUAGE,
        owners=owners,
        parent=None if parent is None else Digest(parent),
    )
