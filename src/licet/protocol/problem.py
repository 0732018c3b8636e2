"""The problem document on the wire (RFC 9457): what an error is called there, and reading it back.

Which error has which HTTP status is the service's business (``service/problem.py``). A problem is never a
permit, so reading one may be kind where reading an answer may not: members that this version does not
know are ignored, as RFC 9457 section 3.2 demands of clients.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from licet.protocol import fast, ids, limits
from licet.protocol.shape import Members
from licet.protocol.types import JsonObject

CONTENT_TYPE: Final = "application/problem+json"
TYPE_CHARS_MAX: Final = 256
TITLE_CHARS_MAX: Final = 128
STATUS_MIN: Final = 400
STATUS_MAX: Final = 599


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What went wrong, for a program (``code``, ``pointer``) and for a person (``detail``, ``mend``).

    ``retry_after_s`` is there if and only if the same ask, with the same key, may be sent again.
    """

    type: str
    title: str
    status: int
    detail: str
    code: str
    mend: str
    pointer: str | None = None
    retry_after_s: int | None = None

    def document(self) -> JsonObject:
        """The wire form; what is None is left out."""
        document: JsonObject = {
            "type": self.type,
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
            "mend": self.mend,
        }
        if self.pointer is not None:
            document["pointer"] = self.pointer
        if self.retry_after_s is not None:
            document["retry_after_s"] = self.retry_after_s
        return document


def parse_problem(body: bytes) -> Problem:
    """Read a problem document that an authority wrote; one of a proxy in between has no ``code``.

    Raises:
        Malformed: another shape.
        TooLarge: more than 1 MiB.
    """
    members = Members(
        fast.read(body, bytes_max=limits.PROBLEM_BYTES_MAX, members_max=limits.ANSWER_MEMBERS_MAX)
    )
    return Problem(
        type=members.text("type", chars_max=TYPE_CHARS_MAX),
        title=members.text("title", chars_max=TITLE_CHARS_MAX),
        status=members.integer("status", low=STATUS_MIN, high=STATUS_MAX),
        detail=members.text("detail", chars_max=limits.PROBLEM_BYTES_MAX, chars_min=0),
        code=members.text("code", chars_max=limits.CODE_CHARS_MAX, grammar=ids.CODE),
        mend=members.text("mend", chars_max=limits.PROBLEM_BYTES_MAX, chars_min=0),
        pointer=members.text_or_none("pointer", chars_max=limits.PROBLEM_BYTES_MAX, chars_min=0),
        retry_after_s=members.integer_or_none("retry_after_s", high=limits.RETRY_AFTER_S_MAX),
    )
