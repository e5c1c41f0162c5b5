"""A program with a steady client and a store on disk, to be killed: PORT ACCOUNT FRIEND FOLDER.

It writes the numbers from 0 on to a friend, one after the other, and notes in ``given`` those
that the client has taken, in ``got`` what was handed over to it, with a line "started" for
each run. SIGUSR1 lets it write no more; SIGTERM stops it in good order.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

from twisted.internet import reactor as _reactor
from twisted.internet.task import LoopingCall

from chatclient import Credentials, DiskStore, Event, SteadyClient
from chatclient.steady.pauses import Pauses
from chatserver.wire.frames import OneChatPush
from tests.e2e.steady import endpoint

reactor: Any = _reactor


def main(port: int, account: int, friend: int, folder: Path) -> None:
    given, got = (
        os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_APPEND) for name in ("given", "got")
    )
    os.write(got, b"started\n")

    def handle(event: Event) -> None:
        if isinstance(event, OneChatPush):
            os.write(got, f"{event.msg}\n".encode())

    client = SteadyClient(
        reactor,
        endpoint(port),
        Credentials(userid=account, password="x"),
        device="program",
        store=DiskStore(folder / "store.db"),
        on_event=handle,
        pauses=Pauses(0.2, 1.0),
    )
    # Killed behind the store and before the note, it has given one that it has not noted.
    taken = [int(number) for number in (folder / "given").read_text().split()]
    numbers = iter(range(max([*taken, *(int(each.text) for each in client.unsent), -1]) + 1, 10**9))

    def write() -> None:
        number = next(numbers)
        client.chat(friend, str(number)).addErrback(lambda _: None)
        os.write(given, f"{number}\n".encode())

    writing = LoopingCall(write)
    writing.start(0.005)
    client.start()
    signal.signal(signal.SIGUSR1, lambda *_: reactor.callFromThread(writing.stop))
    reactor.addSystemEventTrigger("before", "shutdown", client.stop)
    reactor.run()


if __name__ == "__main__":
    port_, account_, friend_ = map(int, sys.argv[1:4])
    main(port_, account_, friend_, Path(sys.argv[4]))
