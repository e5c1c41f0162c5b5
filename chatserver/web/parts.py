"""What of a node the web pages show."""

from __future__ import annotations

from typing import Protocol

from chatserver.bus.bus import Bus
from chatserver.dispatcher import Dispatcher
from chatserver.services.accounts import AccountService
from chatserver.services.fanout import Fanout
from chatserver.services.passwords import Passwords
from chatserver.services.sequencer import Sequencer
from chatserver.services.signals import SignalService
from chatserver.sessions.home import Home
from chatserver.sessions.registry import Registry
from chatserver.store.store import Store
from chatserver.tls.certificates import Certificates


class Parts(Home, Protocol):
    """The parts of a node."""

    store: Store
    bus: Bus
    registry: Registry
    accounts: AccountService
    certificates: Certificates
    dispatcher: Dispatcher
    passwords: Passwords
    sequencer: Sequencer
    fanout: Fanout
    signals: SignalService
