"""`killed_at_a_call.py HOME FOLDER KEY RECEIPTS`: ask KEY of copies of HOME, killed at each write and sync.

One child for each call of the writer, counted up until one is answered. Each leaves its home in
``FOLDER/n``, and the last the receipt it was answered in ``FOLDER/answer``. This process stays without
threads, since it forks.
"""

from __future__ import annotations

import json
import os
import sys
from itertools import count
from pathlib import Path

from faults.story import Step, copied
from licet.wiring.home import Home
from licet.wiring.opening import open_home
from support.fault_vfs import Faults

KILLED = 77


def ask_and_die(home, nth, key, receipts, answer):
    faults = Faults(default=True)
    running = open_home(home, {})
    faults.arm(nth, error=lambda: os._exit(KILLED), thread=running._sequencer._thread.ident)
    answer.write_text(Step(key).ask(running, receipts))
    os._exit(0)  # answered, and dies without a word


def main(home, folder, key, receipts):
    for nth in count():
        mine = copied(Home(Path(home)), Path(folder) / str(nth))
        child = os.fork()
        if child == 0:
            try:
                ask_and_die(mine, nth, key, json.loads(receipts), Path(folder) / "answer")
            finally:
                os._exit(1)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if code == 0:
            return 0
        if code != KILLED:
            return 1
    return 1


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
