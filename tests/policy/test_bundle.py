"""A bundle's identity, its limits, and the one archive form it is read from."""

from __future__ import annotations

import io
import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from licet.errors import PolicyInvalid
from licet.policy import archive, limits
from licet.policy.bundle import Bundle
from sample_bundles import small_files, starter_files

FILES = {"bundle.toml": b"name", "policies/a.cedar": b"", "surfaces/a.toml": b"x" * 513}
SEGMENT = st.from_regex(r"[a-z0-9_][a-z0-9._-]{0,63}", fullmatch=True).filter(lambda text: text != "..")
PATHS = st.lists(SEGMENT, min_size=1, max_size=3).map("/".join)


def refusal(files: dict[str, bytes]) -> str:
    with pytest.raises(PolicyInvalid) as caught:
        Bundle.from_files(files)
    finding = caught.value.findings[0]
    assert finding.code == "POL020"
    assert finding.mend
    return finding.message


def tar(*members: tarfile.TarInfo, content: bytes = b"", form: int = tarfile.USTAR_FORMAT) -> bytes:
    """A tar as other tools write it, for what must be refused."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as packed:
        for member in members:
            packed.addfile(member, io.BytesIO(content))
    return out.getvalue()


def member(name: str = "bundle.toml", **changes: object) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.mode = 0o644
    for key, value in changes.items():
        setattr(info, key, value)
    return info


def changed(packed: bytes, offset: int, new: bytes) -> bytes:
    return packed[:offset] + new + packed[offset + len(new) :]


def test_the_digest_follows_content_and_names_not_order():
    bundle = Bundle.from_files(FILES)

    assert Bundle.from_files(dict(reversed(FILES.items()))) == bundle
    assert Bundle.from_files({**FILES, "policies/a.cedar": b" "}).digest != bundle.digest
    assert (
        Bundle.from_files(
            {("policies/b.cedar" if n == "policies/a.cedar" else n): c for n, c in FILES.items()}
        ).digest
        != bundle.digest
    )


def test_the_digest_of_the_first_version_never_changes():
    digest = Bundle.from_files(FILES).digest

    assert digest == "sha256:88686325b3e72af07ae56f247ba26c4a33a9478b10085ce814b0fa1f83e9c7b3"


def test_the_manifest_lists_path_size_and_hash_sorted():
    rows = Bundle.from_files(FILES).manifest()["files"]

    assert [row["path"] for row in rows] == sorted(FILES)
    assert [row["size"] for row in rows] == [4, 0, 513]


def test_packing_is_deterministic_and_reads_back():
    bundle = Bundle.from_files(starter_files())

    assert Bundle.unpack(bundle.pack()) == bundle
    assert Bundle.from_files(dict(reversed(bundle.files.items()))).pack() == bundle.pack()


def test_other_tar_tools_read_what_we_pack():
    bundle = Bundle.from_files(
        {**starter_files(), "policies/" + "a" * 60 + "/" + "b" * 50 + ".cedar": b"// x"}
    )

    with tarfile.open(fileobj=io.BytesIO(bundle.pack())) as packed:
        read = {info.name: packed.extractfile(info).read() for info in packed}

    assert read == dict(bundle.files)


@given(st.dictionaries(PATHS, st.binary(max_size=1200), max_size=5))
def test_every_bundle_survives_packing(files):
    try:
        bundle = Bundle.from_files(files)
    except PolicyInvalid:
        return  # a file and a folder of one name

    assert Bundle.unpack(bundle.pack()).digest == bundle.digest


@given(st.binary(max_size=3000))
def test_any_bytes_are_a_bundle_or_refused(packed):
    try:
        files = archive.unpack(packed)
    except PolicyInvalid:
        return
    assert archive.pack(files) == packed


@given(st.integers(0, 8 * 512 - 1), st.integers(0, 7))
def test_no_bit_of_an_archive_can_change_unseen(position, bit):
    bundle = Bundle.from_files(small_files())
    packed = bytearray(bundle.pack())
    position %= len(packed)
    packed[position] ^= 1 << bit

    try:
        files = archive.unpack(bytes(packed))
    except PolicyInvalid:
        return
    assert archive.pack(files) == bytes(packed)
    assert files != dict(bundle.files)


@pytest.mark.parametrize(
    "path",
    [
        "/etc/passwd",
        "../x",
        "a/../b",
        "..",
        "a//b",
        "",
        ".",
        "./a",
        "a/",
        ".hidden",
        "a/.b",
        "a\\b",
        "c:x",
        "a b",
        "a\nb",
        "a\0b",
        "ä.toml",
        "-rf",
        "a" * 65,
        "/".join("abcdefghi"),
        "/".join(["a" * 60] * 3),
    ],
)
def test_a_hostile_name_is_refused(path):
    assert refusal({path: b""})


def test_names_that_differ_in_case_alone_are_refused():
    assert "case alone" in refusal({"policies/a.cedar": b"", "policies/A.cedar": b""})


def test_a_name_that_is_a_file_and_a_folder_is_refused():
    assert "a file and a folder" in refusal({"policies": b"", "policies/a.cedar": b""})


def test_the_number_of_files_has_a_bound():
    names = [f"policies/p{number}.cedar" for number in range(limits.FILES_MAX + 1)]

    assert Bundle.from_files(dict.fromkeys(names[:-1], b""))
    assert "files" in refusal(dict.fromkeys(names, b""))


def test_the_size_of_a_file_has_a_bound():
    assert Bundle.from_files({"a": b"x" * limits.FILE_BYTES_MAX})
    assert "bytes" in refusal({"a": b"x" * (limits.FILE_BYTES_MAX + 1)})


def test_the_size_of_all_files_has_a_bound():
    whole = limits.BUNDLE_BYTES_MAX // limits.FILE_BYTES_MAX
    files = {f"f{number}": b"x" * limits.FILE_BYTES_MAX for number in range(whole)}

    assert Bundle.from_files(files)
    assert "in all" in refusal({**files, "one-more": b"x"})


PACKED = archive.pack(FILES)
HOSTILE = {
    "nothing at all": b"",
    "half a block": PACKED[:700],
    "cut inside a file": PACKED[:-1536],
    "one end block": PACKED[:-512],
    "no end": PACKED[:-1024],
    "three end blocks": PACKED + bytes(512),
    "a file behind the end": PACKED + PACKED,
    "bytes behind the end": PACKED + b"x" * 512,
    "a symbolic link": tar(member(type=tarfile.SYMTYPE, linkname="/etc/passwd")),
    "a hard link": tar(member(type=tarfile.LNKTYPE, linkname="bundle.toml")),
    "a device": tar(member(type=tarfile.CHRTYPE)),
    "a block device": tar(member(type=tarfile.BLKTYPE)),
    "a pipe": tar(member(type=tarfile.FIFOTYPE)),
    "a folder": tar(member(type=tarfile.DIRTYPE)),
    "an old regular file": tar(member(type=tarfile.AREGTYPE)),
    "a contiguous file": tar(member(type=tarfile.CONTTYPE)),
    "a sparse file": tar(member(type=tarfile.GNUTYPE_SPARSE)),
    "an unknown kind": tar(member(type=b"Z")),
    "a pax header": tar(member(name="ä"), form=tarfile.PAX_FORMAT),
    "a long name": tar(member(name="a/" * 90 + "b"), form=tarfile.GNU_FORMAT),
    "the GNU form": tar(member(), form=tarfile.GNU_FORMAT),
    "a time": tar(member(mtime=1)),
    "an owner": tar(member(uid=1)),
    "an owner's name": tar(member(uname="root")),
    "a group": tar(member(gid=1)),
    "a mode": tar(member(mode=0o755)),
    "set-uid": tar(member(mode=0o4644)),
    "an absolute path": tar(member(name="/etc/passwd")),
    "a path that climbs": tar(member(name="../../etc/passwd")),
    "unsorted": tar(member("b"), member("a")),
    "twice": tar(member("a"), member("a")),
    "wrong checksum": changed(PACKED, 148, b"000000"),
    "a size beyond the archive": tar(member(size=1024), content=b"x" * 1024)[:1024] + bytes(1024),
    "a huge size": changed(tar(member()), 124, b"77777777777\0"),
    "a binary size": changed(tar(member()), 124, b"\x80" + bytes(11)),
    "a negative size": changed(tar(member()), 124, b"-0000000001\0"),
    "padding that hides bytes": changed(PACKED, 512 + 4, b"hidden"),
    "bytes behind the name": changed(PACKED, 50, b"hidden"),
    "bytes in the reserved part": changed(PACKED, 505, b"x"),
    "compressed": b"\x1f\x8b" + bytes(510),
    "larger than any bundle": bytes(limits.BUNDLE_BYTES_MAX + 512 * 2 * (limits.FILES_MAX + 2)),
}


@pytest.mark.parametrize("name", sorted(set(HOSTILE) - {"nothing at all"}))
def test_a_hostile_archive_is_refused(name):
    with pytest.raises(PolicyInvalid) as caught:
        Bundle.unpack(HOSTILE[name])

    assert caught.value.mend
    assert caught.value.findings[0].code == "POL020"


def test_an_empty_file_is_no_archive():
    with pytest.raises(PolicyInvalid):
        archive.unpack(HOSTILE["nothing at all"])


def test_too_many_files_in_an_archive_are_refused_while_reading():
    names = [f"p{number:05}" for number in range(limits.FILES_MAX + 1)]

    with pytest.raises(PolicyInvalid, match="more than"):
        archive.unpack(archive.pack(dict.fromkeys(names, b"")))
