"""`asked_once.py HOME KEY RECEIPTS [OPS]`: open a home, ask KEY, and print the receipt or the refusal's code.

It says `ready` when the home is open, and asks when it hears a line. With OPS, the calls that the recorder
saw are written there, to be compared with those the kernel saw.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from faults.recording import Link, Recorder, Rename, Sync, Truncate, Write
from faults.story import Step, opened
from licet.errors import LicetError
from licet.wiring.home import Home


def calls(recorder) -> Iterator[list[object]]:
    """What was recorded, in the words of the kernel."""
    names = {inode: name for name, inode in recorder.names.items()} | {None: "."}
    for op in recorder.ops:
        match op:
            case Link(name, inode):
                names[inode] = name
            case Write(inode, offset, data):
                yield ["write", names[inode], offset, len(data)]
            case Truncate(inode, size):
                yield ["truncate", names[inode], size]
            case Sync(inode, _):
                yield ["sync", names[inode]]
            case Rename(_, old, new):
                yield ["rename", old, new]


def main(home: Path, key: str, receipts: dict[str, str], ops: Path | None) -> None:
    with ExitStack() as stack:
        recorder = Recorder(home / "data") if ops else None
        if recorder is not None:
            stack.callback(recorder.unregister)
        try:
            with opened(Home(home), disk=recorder and recorder.disk) as running:
                print("ready", flush=True)
                sys.stdin.readline()
                told = {"receipt": Step(key).ask(running, receipts)}
                print(json.dumps(told), flush=True)
        except LicetError as refused:
            print(json.dumps({"code": refused.code}), flush=True)
    if ops is not None:
        ops.write_text(json.dumps(list(calls(recorder))))


if __name__ == "__main__":
    main(
        Path(sys.argv[1]),
        sys.argv[2],
        json.loads(sys.argv[3]),
        Path(sys.argv[4]) if sys.argv[4:] else None,
    )
