"""What a worker is told."""

from __future__ import annotations

from io import BytesIO
from ipaddress import ip_network

from twisted.trial.unittest import SynchronousTestCase

from chatserver.settings import Settings
from chatserver.workers.orders import orders, read_orders


class Tests(SynchronousTestCase):
    def test_a_worker_gets_the_same_settings_and_its_number(self) -> None:
        settings = Settings(
            port=("6000", "ssl:1:privateKey=/a folder/key:certKey=c"),
            web=("9000",),
            database="mysql://chat:sécret@db/chat",
            proxies=(ip_network("10.0.0.0/8"), ip_network("fd00::/8")),
            drain=2.5,
        )
        line = orders(settings, 3)
        self.assertEqual(line.count(b"\n"), 1)
        self.assertEqual(read_orders(BytesIO(line)), (settings, 3))

    def test_who_finds_the_pipe_closed_gets_nothing(self) -> None:
        self.assertIsNone(read_orders(BytesIO(b"")))
