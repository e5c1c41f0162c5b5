"""Client library for the chat server, and on it the terminal client ``python -m chatclient``.

The library is :class:`ChatClient`; below it :class:`ChatClientProtocol` speaks the wire
protocol with typed messages of one's own making.
"""

from chatclient.address import parse_address
from chatclient.client import ChatClient, fresh_cid
from chatclient.errors import (
    BadFrame,
    NotConnected,
    ReplyTimeout,
    StoreUnusable,
)
from chatclient.protocol import ChatClientProtocol, Event
from chatclient.results import Account, HistoryPage, Sent
from chatclient.steady.disk import DiskStore
from chatclient.steady.store import MemoryStore, Store, Unsent

__all__ = [
    "Account",
    "BadFrame",
    "ChatClient",
    "ChatClientProtocol",
    "DiskStore",
    "Event",
    "HistoryPage",
    "MemoryStore",
    "NotConnected",
    "ReplyTimeout",
    "Sent",
    "Store",
    "StoreUnusable",
    "Unsent",
    "fresh_cid",
    "parse_address",
]
