"""A chat that loses nothing: python3 steady.py HOST PORT NAME PASSWORD FILE; type: 2 hello"""

import sys
from typing import Any

from twisted.internet import reactor as installed_reactor
from twisted.internet.endpoints import HostnameEndpoint
from twisted.internet.stdio import StandardIO
from twisted.protocols.basic import LineReceiver

from chatclient import Credentials, DiskStore, Event, OneChatPush, SteadyClient

reactor: Any = installed_reactor
host, port, name, password, file = sys.argv[1:]


def show(event: Event) -> None:
    if isinstance(event, OneChatPush):
        print(f"{event.id} {event.name}: {event.msg}")


class Typing(LineReceiver):
    delimiter = b"\n"

    def lineReceived(self, line: bytes) -> None:
        to, _, text = line.decode().partition(" ")
        client.chat(int(to), text).addCallbacks(print, lambda failure: print(failure.value))


client = SteadyClient(
    reactor,
    HostnameEndpoint(reactor, host, int(port)),
    Credentials(name=name, password=password),
    device="steady",  # always the same one, so that nothing is missed
    store=DiskStore(file),  # where texts wait for their answers
    on_event=show,
    on_state=print,
)
client.start()
StandardIO(Typing())
reactor.addSystemEventTrigger("before", "shutdown", client.stop)
reactor.run()
