"""``bundle.toml``: what the bundle is called, who owns it, and in which language it is written."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from licet.policy import limits
from licet.policy.findings import Findings, Place
from licet.policy.toml_source import Keys, TomlSource, read_toml
from licet.protocol.digest import is_digest
from licet.protocol.types import Digest

LANGUAGE: Final = "cedar/4.5"
HEAD_FILE: Final = "bundle.toml"
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


NO_HEAD: Final = BundleHead(name="", label="", language=LANGUAGE, owners=(), parent=None)


def head_of(content: bytes | None, findings: Findings) -> BundleHead:
    """The head in ``content``, None when ``bundle.toml`` is absent; faults become findings."""
    if content is None:
        mend = f'write bundle.toml with name, version and language = "{LANGUAGE}"'
        findings.error("POL023", Place(file=HEAD_FILE), f"the file `{HEAD_FILE}` is missing", mend)
        return NO_HEAD
    source = read_toml(HEAD_FILE, content, findings)
    return NO_HEAD if source is None else _read(source, findings)


def _read(source: TomlSource, findings: Findings) -> BundleHead:
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
