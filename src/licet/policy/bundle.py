"""A bundle as bytes: named files within limits, and the digest that is its identity (``policy.md`` 1)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from licet.policy import archive, limits
from licet.policy.findings import Findings, Place
from licet.protocol.canonical import canonical_bytes
from licet.protocol.digest import BUNDLE_TAG, tagged_digest
from licet.protocol.types import Digest, JsonObject, JsonValue

_SEGMENT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """Files by path, sorted, and their digest. Built by ``from_files`` or ``unpack`` alone."""

    files: Mapping[str, bytes]
    digest: Digest

    @classmethod
    def from_files(cls, files: Mapping[str, bytes]) -> Bundle:
        """A bundle of ``files`` (path relative to the bundle, `/` between segments).

        Raises:
            PolicyInvalid: a name or size is outside the limits; every fault is a finding.
        """
        findings = Findings()
        _check_counts(files, findings)
        _check_names(files, findings)
        findings.refuse()
        kept = {path: bytes(files[path]) for path in sorted(files)}
        return cls(files=MappingProxyType(kept), digest=_digest(kept))

    @classmethod
    def unpack(cls, packed: bytes) -> Bundle:
        """The bundle in ``packed``; reads only what ``pack`` writes.

        Raises:
            PolicyInvalid: not such an archive, or its files are outside the limits.
        """
        return cls.from_files(archive.unpack(packed))

    def pack(self) -> bytes:
        """The bundle as a deterministic tar: equal bundles, equal bytes."""
        return archive.pack(self.files)

    def manifest(self) -> JsonObject:
        """Path, size and SHA-256 of every file: the pre-image of ``digest``."""
        return _manifest(self.files)


def _manifest(files: Mapping[str, bytes]) -> JsonObject:
    rows: list[JsonValue] = [
        {"path": path, "sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
        for path, content in files.items()
    ]
    return {"files": rows}


def _digest(files: Mapping[str, bytes]) -> Digest:
    return tagged_digest(BUNDLE_TAG, canonical_bytes(_manifest(files)))


def _check_counts(files: Mapping[str, bytes], findings: Findings) -> None:
    top = Place(file="bundle.toml")
    if len(files) > limits.FILES_MAX:
        findings.error("POL020", top, f"{len(files)} files", f"keep it to {limits.FILES_MAX} files")
    total = sum(len(content) for content in files.values())
    if total > limits.BUNDLE_BYTES_MAX:
        findings.error("POL020", top, f"{total} bytes in all", f"keep it to {limits.BUNDLE_BYTES_MAX} bytes")
    for path, content in files.items():
        if len(content) > limits.FILE_BYTES_MAX:
            findings.error(
                "POL020",
                Place(file=path),
                f"the file has {len(content)} bytes",
                f"keep it to {limits.FILE_BYTES_MAX} bytes",
            )


def _check_names(files: Mapping[str, bytes], findings: Findings) -> None:
    folded: dict[str, str] = {}
    for path in sorted(files):
        if (problem := name_problem(path)) is not None:
            findings.error("POL020", Place(file=path), *problem)
            continue
        # Attack: two names that one file system keeps apart and another makes one file.
        other = folded.setdefault(path.casefold(), path)
        if other != path:
            findings.error(
                "POL020", Place(file=path), f"`{path}` differs from `{other}` in case alone", "rename one"
            )
    for path in folded:
        parents = path.split("/")[:-1]
        for cut in range(1, len(parents) + 1):
            parent = "/".join(parents[:cut])
            if parent in folded:
                findings.error(
                    "POL020", Place(file=folded[parent]), f"`{parent}` is a file and a folder", "rename one"
                )


def name_problem(path: str) -> tuple[str, str] | None:
    """Why ``path`` cannot name a file of a bundle, and the mend; None when it can."""
    if not path.isascii():
        return "the file name is not ASCII", "use letters, digits, `_`, `-` and `.`"
    if len(path) > limits.PATH_CHARS_MAX:
        return f"the path has {len(path)} characters", f"keep it to {limits.PATH_CHARS_MAX}"
    segments = path.split("/")
    if len(segments) > limits.PATH_SEGMENTS_MAX:
        return f"the path has {len(segments)} segments", f"keep it to {limits.PATH_SEGMENTS_MAX}"
    if segments[0] == "" or ".." in segments:
        # Attack: a path that leaves the folder it is unpacked into.
        return f"the path `{path}` leaves the bundle", "name it relative to the bundle, without `..`"
    if max(len(segment) for segment in segments) > limits.SEGMENT_CHARS_MAX:
        return "a name between two `/` is too long", f"keep it to {limits.SEGMENT_CHARS_MAX} characters"
    bad = next((segment for segment in segments if _SEGMENT.fullmatch(segment) is None), None)
    if bad is not None:
        return (
            f"the path `{path}` holds the segment `{bad}`",
            "begin with a letter; letters, digits, `_`, `-`, `.`",
        )
    return None
