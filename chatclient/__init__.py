"""Client library for the chat server, and on it the terminal client ``python -m chatclient``.

:class:`SteadyClient` keeps itself connected and loses nothing. It uses :class:`ChatClient`,
one connection with a method for each request; below that :class:`ChatClientProtocol` speaks
the wire protocol with typed messages of one's own making.
"""

from chatclient.address import parse_address
from chatclient.client import ChatClient, fresh_cid
from chatclient.errors import (
    BadFrame,
    ClientStopped,
    Dismissed,
    NotConnected,
    OutboxFull,
    ReplyTimeout,
    StoreUnusable,
)
from chatclient.protocol import ChatClientProtocol, Event
from chatclient.results import Account, HistoryPage, Sent
from chatclient.steady.client import SteadyClient
from chatclient.steady.disk import DiskStore
from chatclient.steady.login import Credentials
from chatclient.steady.states import (
    Connecting,
    LoginRefused,
    Offline,
    Online,
    Replaced,
    State,
    Stopped,
)
from chatclient.steady.store import MemoryStore, Store, Unsent
from chatserver.errors import ChatError
from chatserver.wire.frames import GroupChatPush, OneChatPush, PresencePush, Reply, SignalPush

__all__ = [
    "Account",
    "BadFrame",
    "ChatClient",
    "ChatClientProtocol",
    "ChatError",
    "ClientStopped",
    "Connecting",
    "Credentials",
    "DiskStore",
    "Dismissed",
    "Event",
    "GroupChatPush",
    "HistoryPage",
    "LoginRefused",
    "MemoryStore",
    "NotConnected",
    "Offline",
    "OneChatPush",
    "Online",
    "OutboxFull",
    "PresencePush",
    "Replaced",
    "Reply",
    "ReplyTimeout",
    "Sent",
    "SignalPush",
    "State",
    "SteadyClient",
    "Stopped",
    "Store",
    "StoreUnusable",
    "Unsent",
    "fresh_cid",
    "parse_address",
]
