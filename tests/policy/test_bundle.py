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


ONE = {"bundle.toml": b"name"}


def forged(offset: int, new: bytes) -> bytes:
    """An archive of ours with one field of its first header changed, and a checksum that fits again."""
    packed = bytearray(archive.pack(ONE))
    packed[offset : offset + len(new)] = new
    packed[148:156] = b" " * 8
    packed[148:156] = b"%06o\0 " % sum(packed[:512])
    return bytes(packed)


def joined(*members: tuple[str, bytes]) -> bytes:
    """Members in any order, as often as one likes."""
    return b"".join(archive.pack({name: content})[:-1024] for name, content in members) + bytes(1024)


def changed(packed: bytes, offset: int, new: bytes) -> bytes:
    return packed[:offset] + new + packed[offset + len(new) :]


def foreign(name: str, form: int, **fields: object) -> bytes:
    """An archive as another tool writes it."""
    info = tarfile.TarInfo(name)
    for field, value in fields.items():
        setattr(info, field, value)
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as packed:
        packed.addfile(info)
    return out.getvalue()


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
    # name: (archive, what the refusal says)
    "nothing at all": (b"", "two zero blocks"),
    "half a block": (PACKED[:700], "cut off inside a block"),
    "cut inside a file": (PACKED[:-2048], "longer than the archive"),
    "one end block": (PACKED[:-512], "two zero blocks"),
    "no end": (PACKED[:-1024], "two zero blocks"),
    "three end blocks": (PACKED + bytes(512), "follow the end"),
    "an archive behind the end": (PACKED + PACKED, "follow the end"),
    "bytes behind the end": (PACKED + b"x" * 512, "follow the end"),
    "a symbolic link": (forged(156, b"2"), "a symbolic link"),
    "a hard link": (forged(156, b"1"), "a hard link"),
    "a device": (forged(156, b"3"), "a device"),
    "a block device": (forged(156, b"4"), "a device"),
    "a folder": (forged(156, b"5"), "a folder"),
    "a pipe": (forged(156, b"6"), "a pipe"),
    "a contiguous file": (forged(156, b"7"), "something unknown"),
    "an old regular file": (forged(156, b"\0"), "something unknown"),
    "an unknown kind": (forged(156, b"Z"), "something unknown"),
    "a sparse file": (foreign("a", tarfile.GNU_FORMAT, type=tarfile.GNUTYPE_SPARSE), "a sparse file"),
    "a pax header": (foreign("\u00e4", tarfile.PAX_FORMAT), "a pax header"),
    "a global pax header": (forged(156, b"g"), "a pax header"),
    "a long name": (foreign("a/" * 90, tarfile.GNU_FORMAT), "a long name"),
    "a long link": (forged(156, b"K"), "a long link name"),
    "another tool's archive": (foreign("bundle.toml", tarfile.USTAR_FORMAT), "not one that licet writes"),
    "a link's target": (forged(157, b"/etc/passwd"), "not one that licet writes"),
    "a time": (forged(136, b"00000000001\0"), "not one that licet writes"),
    "an owner": (forged(108, b"0000001\0"), "not one that licet writes"),
    "a group": (forged(116, b"0000001\0"), "not one that licet writes"),
    "an owner's name": (forged(265, b"root"), "not one that licet writes"),
    "a group's name": (forged(297, b"root"), "not one that licet writes"),
    "an executable": (forged(100, b"0000755\0"), "not one that licet writes"),
    "set-uid": (forged(100, b"0004644\0"), "not one that licet writes"),
    "the GNU form": (forged(257, b"ustar  \0"), "not one that licet writes"),
    "a device number": (forged(329, b"0000001\0"), "not one that licet writes"),
    "bytes behind the name": (forged(50, b"hidden"), "not one that licet writes"),
    "bytes in the reserved part": (forged(505, b"x"), "not one that licet writes"),
    "a name that is not ASCII": (forged(0, b"\xe4undle.toml"), "not one that licet writes"),
    "a name without its prefix's need": (forged(345, b"policies"), "not one that licet writes"),
    "a name too long": (forged(0, b"a" * 100), "too long"),
    "wrong checksum": (changed(PACKED, 148, b"000000"), "not one that licet writes"),
    "an absolute path": (joined(("/etc/passwd", b"")), "leaves the bundle"),
    "a path that climbs": (joined(("../../etc/passwd", b"")), "leaves the bundle"),
    "a path that climbs later": (joined(("a/../../b", b"")), "leaves the bundle"),
    "a hidden file": (joined((".ssh", b"")), "segment"),
    "two names of one folded form": (joined(("A", b""), ("a", b"")), "case alone"),
    "unsorted": (joined(("b", b""), ("a", b"")), "does not come after"),
    "twice": (joined(("a", b"1"), ("a", b"2")), "does not come after"),
    "a size beyond the archive": (forged(124, b"00000010000\0"), "longer than the archive"),
    "a size beyond a file's bound": (forged(124, b"00004000001\0"), "bytes"),
    "a huge size": (forged(124, b"77777777777\0"), "bytes"),
    "a binary size": (forged(124, b"\x80" + bytes(11)), "not octal"),
    "a negative size": (forged(124, b"-0000000001\0"), "not octal"),
    "a decimal size": (forged(124, b"00000000008\0"), "not octal"),
    "padding that hides bytes": (changed(archive.pack(ONE), 512 + 4, b"hidden"), "hide behind the end"),
    "compressed": (b"\x1f\x8b" + b"\1" * 510 + bytes(1024), "something unknown"),
    "larger than any bundle": (
        bytes(limits.BUNDLE_BYTES_MAX + 1024 * (limits.FILES_MAX + 2)),
        "the archive has",
    ),
}


@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_a_hostile_archive_is_refused_for_what_it_is(name):
    packed, said = HOSTILE[name]

    with pytest.raises(PolicyInvalid) as caught:
        Bundle.unpack(packed)

    assert said in caught.value.findings[0].message
    assert caught.value.findings[0].code == "POL020"
    assert caught.value.mend


def test_too_many_files_in_an_archive_are_refused_while_reading():
    names = [f"p{number:05}" for number in range(limits.FILES_MAX + 1)]

    with pytest.raises(PolicyInvalid, match="more than"):
        archive.unpack(archive.pack(dict.fromkeys(names, b"")))
