"""Which connections of a server are in the hub."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

from twisted.internet.endpoints import clientFromString, connectProtocol
from twisted.trial.unittest import SynchronousTestCase

from chatserver.app import ChatServer
from chatserver.hub.transport import HubTransport
from tests.support.servers import ServerCase, reactor
from tests.support.wire import WireClient

# Runs tests as if there were no epoll.
WITHOUT_EPOLL = """
import select
for name in [name for name in dir(select) if name.lower().startswith("epoll")]:
    delattr(select, name)
from chatserver.hub import HAS_EPOLL
assert not HAS_EPOLL
from twisted.scripts.trial import run
run()
"""


class PortsTests(ServerCase):
    async def in_hub(self, address: str) -> bool:
        """Whether a new connection to an address is in the hub; it works in any case."""
        node: Any = self.server._node
        before = set(node.registry.sessions)
        client = WireClient(reactor)
        await connectProtocol(clientFromString(reactor, address), client)
        self.clients.append(client)
        await client.settled()
        [newest] = node.registry.sessions - before
        return isinstance(newest.connection.transport, HubTransport)

    async def test_those_of_tcp_ports_are(self) -> None:
        await self.restart(port=("tcp:0:interface=127.0.0.1:backlog=5", "tcp:0:interface=\\:\\:1"))
        four, six = (address.port for address in self.server.addresses)
        self.assertTrue(await self.in_hub(f"tcp:127.0.0.1:{four}"))
        self.assertTrue(await self.in_hub(f"tcp:\\:\\:1:{six}"))

    async def test_those_of_other_ports_are_not(self) -> None:
        path = self.database.parent / "socket"
        await self.restart(port=(f"unix:{path}",))
        self.assertFalse(await self.in_hub(f"unix:{path}"))

    async def test_none_are_where_the_server_has_no_hub(self) -> None:
        await self.server.stopService()
        settings: Any = self.server._settings
        self.server = ChatServer(settings, reactor, has_hub=False)
        self.server.startService()
        self.assertFalse(await self.in_hub(f"tcp:127.0.0.1:{self.port}"))


class WithoutEpollTests(SynchronousTestCase):
    def test_the_server_works(self) -> None:
        command = [sys.executable, "-c", WITHOUT_EPOLL, f"--temp-directory={self.mktemp()}"]
        run = subprocess.run(
            [*command, "tests.server.test_ping"], capture_output=True, text=True, check=False
        )
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        self.assertIn("PASSED", run.stdout)
