"""Client library for the chat server, and on it the terminal client ``python -m chatclient``.

The library is :class:`ChatClient`; below it :class:`ChatClientProtocol` speaks the wire
protocol with typed messages of one's own making.
"""

from chatclient.address import parse_address
from chatclient.client import ChatClient, fresh_cid
from chatclient.errors import BadFrame, NotConnected, ReplyTimeout
from chatclient.protocol import ChatClientProtocol, Event
from chatclient.results import Account, HistoryPage, Sent

__all__ = [
    "Account",
    "BadFrame",
    "ChatClient",
    "ChatClientProtocol",
    "Event",
    "HistoryPage",
    "NotConnected",
    "ReplyTimeout",
    "Sent",
    "fresh_cid",
    "parse_address",
]
