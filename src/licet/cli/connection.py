"""Which authority a verb speaks to, behind one port: served over HTTP, or embedded in this process.

1. ``--url``: that one, with the key of ``--token-file`` or LICET_TOKEN.
2. Otherwise a home. While `licet serve` runs for it, its socket answers, and the verb speaks to that
   process: one process owns a home's log.
3. Otherwise the home is opened embedded, as its owner.

Both give the same answers to the same bytes, so no verb knows which one it has.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from licet.cli.exits import class_of_code
from licet.cli.options import Reach
from licet.cli.remote import Remote, answers
from licet.errors import FixTheCall, LicetError, NotRecorded, Usage
from licet.protocol.strict import read_strict

if TYPE_CHECKING:
    from licet.protocol.types import JsonObject
    from licet.verify.trust import TrustSet

_DOCUMENT_BYTES_MAX = 64 * 1024 * 1024
_DOCUMENT_MEMBERS_MAX = 1_000_000
_TOKEN_BYTES_MAX = 4_096
_OK = 200
_SERVER_FAULT = 500


class Exchanged(Protocol):
    """One answer, from either kind of authority."""

    @property
    def status(self) -> int:
        """The HTTP status."""
        ...

    @property
    def headers(self) -> Mapping[str, str]:
        """Header names are lower case."""
        ...

    @property
    def body(self) -> bytes:
        """The whole body."""
        ...


class Connection(Protocol):
    """The one port to an authority."""

    def exchange(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Exchanged:
        """Send one request and get the whole answer."""
        ...

    def close(self) -> None:
        """Let go of it."""
        ...


class Line:
    """An open connection, and its answers as values or errors."""

    def __init__(self, connection: Connection, place: str, *, trust_file: Path | None = None) -> None:
        """Take ``connection``; ``place`` names it for people, ``trust_file`` is its home's."""
        self._connection = connection
        self._trust_file = trust_file
        self.place = place

    def trust(self) -> TrustSet | None:
        """The trust set of the home, when the authority is one of a home; never asked over the line."""
        if self._trust_file is None:
            return None
        from licet.cli.trust_file import read_trust  # noqa: PLC0415 - most verbs verify nothing

        return read_trust(str(self._trust_file))

    def get(self, path: str) -> JsonObject:
        """A JSON document; raises the error that a problem document stands for."""
        return _document(self._answered("GET", path, b"", {}))

    def text(self, path: str) -> str:
        """A text (a note, a proof)."""
        return self._answered("GET", path, b"", {}).decode("utf-8", "replace")

    def post(
        self,
        path: str,
        body: bytes,
        *,
        content_type: str = "application/json",
        headers: Mapping[str, str] | None = None,
    ) -> JsonObject:
        """Send ``body`` unchanged and read the JSON answer."""
        return _document(
            self._answered("POST", path, body, {"Content-Type": content_type, **(headers or {})})
        )

    def probe(self, path: str) -> tuple[int, JsonObject]:
        """Status and document whatever the status is: for readiness."""
        answer = self._connection.exchange("GET", path, b"", {})
        return answer.status, _document(answer.body)

    def close(self) -> None:
        """Let go of the connection."""
        self._connection.close()

    def _answered(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> bytes:
        answer = self._connection.exchange(method, path, body, headers)
        if answer.status != _OK:
            raise error_of(answer.status, answer.body)
        return answer.body


def connected(reach: Reach, environment: Mapping[str, str]) -> closing[Line]:
    """An open line to the authority that ``reach`` names, closed at the end of the `with`.

    Raises:
        LicetError: no home, a home that must not be opened, or a token that cannot be read.
    """
    if reach.url is not None:
        if reach.home is not None:
            raise Usage("`--home` and `--url` name two authorities", mend="give one of them")
        return closing(Line(Remote(reach.url, token=_token(reach, environment)), reach.url))
    from licet.wiring.home import find_home, read_secret  # noqa: PLC0415 - `--url` needs no home
    from licet.wiring.runtime import served_socket  # noqa: PLC0415 - same

    home = find_home(reach.home, environment, Path.cwd())
    served = served_socket(home, environment)
    if answers(str(served)):
        token = read_secret(home.owner_token).decode("ascii", "replace").strip()
        place = f"unix:{served}"
        return closing(Line(Remote(place, token=token), place, trust_file=home.trust_file))
    embedded: Connection = import_module("licet.embedded").open(home.root)
    return closing(Line(embedded, str(home.root), trust_file=home.trust_file))


def error_of(status: int, body: bytes) -> LicetError:
    """The error that an answer stands for. What cannot be read as one is no permit either."""
    try:
        problem = _document(body)
    except LicetError:
        problem = {}
    code, detail, mend = problem.get("code"), problem.get("detail"), problem.get("mend")
    kind = class_of_code(code) if isinstance(code, str) else None
    pointer = problem.get("pointer")
    if kind is None or not isinstance(detail, str):
        unknown = NotRecorded if status >= _SERVER_FAULT else FixTheCall
        return unknown(
            f"the authority answered HTTP {status} without a code known here", mend="look at its log"
        )
    return kind(
        detail,
        mend=mend if isinstance(mend, str) else "",
        pointer=pointer if isinstance(pointer, str) else None,
    )


def _document(body: bytes) -> JsonObject:
    value = read_strict(body, bytes_max=_DOCUMENT_BYTES_MAX, members_max=_DOCUMENT_MEMBERS_MAX)
    if not isinstance(value, dict):
        raise NotRecorded("the authority answered with no JSON object", mend="ask again with the same key")
    return value


def _token(reach: Reach, environment: Mapping[str, str]) -> str | None:
    if reach.token_file is not None:
        return _secret(Path(reach.token_file))
    return environment.get("LICET_TOKEN") or None


def _secret(path: Path) -> str:
    try:
        with path.open("rb") as file:
            text = file.read(_TOKEN_BYTES_MAX).decode("ascii", "replace")
    except OSError as error:
        raise Usage(
            f"the API key in `{path}` cannot be read: {(error.strerror or '').lower()}",
            mend="name the file with --token-file, such as HOME/data/owner.token",
        ) from error
    return text.strip()
