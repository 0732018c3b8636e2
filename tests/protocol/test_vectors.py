"""The committed request vectors: made again they are the same, and every reader answers as they say (I14)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest

from licet.errors import LicetError
from licet.protocol import fast, parse, strict
from licet.protocol.types import ExecutionRequest, JsonValue
from protocol import make_vectors
from support.vectors import FOLDER, bad_requests, good_requests

DOORS: dict[str, Callable[[bytes], ExecutionRequest]] = {
    "fast": parse.parse_request,
    "exact": lambda body: parse.request_of(strict.read_strict(body)),
    "ask": lambda body: parse.parse_decision_ask(body).request,
}
EVERY_DOOR = pytest.mark.parametrize("door", sorted(DOORS))


def test_the_committed_vectors_are_what_the_generator_writes() -> None:
    for name, content in make_vectors.generated().items():
        assert (FOLDER / name).read_bytes() == content, f"{name}: run protocol.make_vectors"


def test_there_are_enough_cases_and_no_two_alike() -> None:
    good, bad = good_requests(), bad_requests()
    names = Counter(case.name for case in (*good, *bad))

    assert len(good) >= 60
    assert len(bad) >= 200
    assert max(names.values()) == 1
    assert len({case.document for case in good}) == len(good)
    assert len({case.document for case in bad}) == len(bad)


@EVERY_DOOR
def test_every_good_request_is_accepted_with_its_digests(door: str) -> None:
    for case in good_requests():
        request = DOORS[door](case.document)

        assert (case.name, request.body) == (case.name, case.canonical)
        assert (case.name, request.digest) == (case.name, case.digest)
        assert (case.name, request.effect_digest) == (case.name, case.effect_digest)


@EVERY_DOOR
def test_i14_every_bad_request_is_refused_with_its_code_and_pointer(door: str) -> None:
    for case in bad_requests():
        with pytest.raises(LicetError) as refused:
            DOORS[door](case.document)

        found = (case.name, refused.value.code, refused.value.pointer)
        assert found == (case.name, case.code, case.pointer)


def test_every_refusal_says_where_and_what_to_do_in_one_line() -> None:
    for case in bad_requests():
        with pytest.raises(LicetError) as refused:
            parse.parse_request(case.document)

        assert refused.value.mend, case.name
        assert refused.value.message.isprintable(), case.name
        assert refused.value.mend.isprintable(), case.name
        assert not refused.value.message.endswith("."), case.name
        assert len(refused.value.message) + len(refused.value.mend) < 600, case.name


@pytest.mark.parametrize("kind", ["number", "twice", "text", "bytes", "syntax", "bound"])
def test_both_readers_refuse_what_is_outside_the_profile(kind: str) -> None:
    for case in bad_requests():
        if not case.name.startswith(f"{kind}/"):
            continue
        assert refusal(fast.read, case.document) == refusal(strict.read_strict, case.document), case.name


def refusal(read: Callable[[bytes], JsonValue], document: bytes) -> tuple[str, str | None, str, str]:
    with pytest.raises(LicetError) as refused:
        read(document)
    return refused.value.code, refused.value.pointer, refused.value.message, refused.value.mend
