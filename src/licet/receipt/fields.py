"""The fields that receipts of every kind are made of, taken out of a payload one by one.

``Malformed`` names a field that is wrong, ``UnknownValue`` one that this version has no word for.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final, TypeVar

from ..errors import Malformed, UnknownValue
from ..protocol import ids, limits
from ..protocol.digest import is_digest
from ..protocol.shape import Members, refuse
from ..protocol.types import Audience, Digest, JsonValue, LeafIndex, Origin, ReceiptId, Tenant
from .jws import Typ, read_kid, split
from .statement import Anchor, Link, Links, Stamp

WORD_CHARS_MAX: Final = 64
TEXT_CHARS_MAX: Final = 1_024
NOT_OURS: Final = "no licet writes such a receipt: keep it, and ask where it came from"

_ID_CHARS: Final = 36
_NONCE_CHARS: Final = 32
_DIGEST_CHARS: Final = 71
_REPORTS_MAX: Final = 64

_WORD = re.compile(r"[A-Za-z_]+")
_NONCE = re.compile(r"[0-9a-f]{32}")

_Word = TypeVar("_Word", bound=StrEnum)


def stamp(members: Members) -> Stamp:
    """The members that every kind shares, but for ``v``, ``kind`` and ``links``."""
    origin = members.text("iss", chars_max=limits.ORIGIN_CHARS_MAX, grammar=ids.ORIGIN)
    return Stamp(
        receipt_id=receipt_id(members, "id"),
        origin=Origin(origin),
        tenant=Tenant(members.text("tenant", chars_max=WORD_CHARS_MAX, grammar=ids.TENANT)),
        issued_s=members.integer("iat"),
        nonce=nonce(members),
    )


def nonce(members: Members) -> str:
    """128 bits that make the leaf hash unguessable."""
    return members.text("nonce", chars_max=_NONCE_CHARS, grammar=_NONCE)


def links(members: Members) -> Links:
    """Every link there may be; ``demand_links`` says which of them a kind allows."""
    found = Links(
        permit=_link(members.members("permit")) if members.has("permit") else None,
        supersedes=_link(members.members("supersedes")) if members.has("supersedes") else None,
        anchor=_anchor(members.members("anchor")) if members.has("anchor") else None,
        parent=receipt_id(members, "parent") if members.has("parent") else None,
    )
    members.end()
    return found


def _link(members: Members) -> Link:
    link = Link(
        receipt_id=receipt_id(members, "id"),
        index=LeafIndex(members.integer("index")),
        digest=digest(members, "digest"),
    )
    members.end()
    return link


def _anchor(members: Members) -> Anchor:
    anchor = Anchor(size=members.integer("size"), root=digest(members, "root"))
    members.end()
    return anchor


def demand_links(links: Links, *names: str) -> None:
    """Refuse a link that means nothing on this kind."""
    for name in ("permit", "supersedes", "anchor", "parent"):
        if name not in names and getattr(links, name) is not None:
            refuse(f"/links/{name}", f"the link `{name}` does not belong to this kind", NOT_OURS)


def permit_link(links: Links) -> Link:
    """The permit that a claim, completion or revocation is about."""
    demand_links(links, "permit", "anchor")
    if links.permit is None:
        refuse("/links/permit", "the link to the permit is missing", NOT_OURS)
    return links.permit


def audience(members: Members) -> Audience:
    """The executor a permit was given to."""
    return Audience(members.text("aud", chars_max=limits.AUDIENCE_CHARS_MAX, grammar=ids.AUDIENCE))


def receipt_id(members: Members, name: str) -> ReceiptId:
    """Take the id of a receipt."""
    return ReceiptId(members.text(name, chars_max=_ID_CHARS, grammar=ids.RECEIPT_ID))


def digest(members: Members, name: str) -> Digest:
    """Take a digest in its one spelling."""
    text = members.text(name, chars_max=_DIGEST_CHARS)
    if not is_digest(text):
        refuse(members.place(name), f"`{text}` is not a digest", NOT_OURS)
    return Digest(text)


def digests(members: Members, name: str) -> tuple[Digest, ...]:
    """Take an array of digests."""
    place = members.place(name)
    found = texts(members, name, items_max=_REPORTS_MAX)
    for position, text in enumerate(found):
        if not is_digest(text):
            refuse(f"{place}/{position}", f"`{text[:80]}` is not a digest", NOT_OURS)
    return tuple(Digest(text) for text in found)


def texts(
    members: Members, name: str, *, items_max: int, grammar: re.Pattern[str] | None = None
) -> tuple[str, ...]:
    """Take an array of strings, each matched in full by ``grammar`` when there is one."""
    place = members.place(name)
    found: list[str] = []
    for position, value in enumerate(members.array(name, items_max=items_max)):
        if not isinstance(value, str) or not 1 <= len(value) <= TEXT_CHARS_MAX:
            refuse(f"{place}/{position}", f"not a string of 1 to {TEXT_CHARS_MAX} characters", NOT_OURS)
        if grammar is not None and grammar.fullmatch(value) is None:
            refuse(f"{place}/{position}", f"`{value[:64]}` does not match {grammar.pattern}", NOT_OURS)
        found.append(value)
    return tuple(found)


def statement(members: Members, name: str, typ: Typ) -> tuple[str, str]:
    """Take a carried JWS: its text and the ``kid`` of its header."""
    place = members.place(name)
    return statement_text(members.value(name), place, typ)


def statement_text(value: JsonValue, place: str, typ: Typ) -> tuple[str, str]:
    """A carried JWS and its ``kid``: well-formed and made for this very slot. Its signature is V12's."""
    if not isinstance(value, str):
        refuse(place, "no JWS stands where a signed statement belongs", NOT_OURS)
    try:
        return value, read_kid(split(value).header, typ)
    except Malformed as error:
        refuse(place, error.message, error.mend)


def word(members: Members, name: str, words: type[_Word]) -> _Word:
    """Take one of a closed list of words; a word outside it is unknown, not wrong."""
    text = members.text(name, chars_max=WORD_CHARS_MAX, grammar=_WORD)
    if text not in words.__members__.values():
        raise unknown(members, name, text, "use a newer verifier; until then nothing follows from it")
    return words(text)


def known_state(members: Members, name: str, known: str) -> None:
    """Take a word of which this version knows only one."""
    text = members.text(name, chars_max=WORD_CHARS_MAX, grammar=_WORD)
    if text != known:
        raise unknown(members, name, text, f"this version reads `{known}`")


def unknown(members: Members, name: str, found: str, mend: str) -> UnknownValue:
    """The refusal of a word this version does not know."""
    return UnknownValue(f"`{found}` is an unknown value", mend=mend, pointer=members.place(name))
