"""`python -m licet.cli.demo.offline ...`: the command line with every socket refused: none is needed."""

from __future__ import annotations

import sys

from licet.cli.main import main


def refuse_sockets(event: str, arguments: tuple[object, ...]) -> None:
    """An audit hook: it sees every socket that anything in this process tries to make, C code included.

    Raises:
        PermissionError: always, for a socket.
    """
    if event.startswith("socket."):
        message = f"networking is refused here: {event} {arguments!r}"
        raise PermissionError(message)


if __name__ == "__main__":
    sys.addaudithook(refuse_sockets)
    main()
