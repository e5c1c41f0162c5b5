"""The kernel has what etc/sysctl.d sets."""

from __future__ import annotations

import re
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

_FILE = Path(__file__).parents[2] / "etc/sysctl.d/60-chatserver.conf"
# Ports that something listens on in a cluster; connections must not take them.
_LISTENING = (3306, 6000, 6002, 6379, 8000, 8443)


class SysctlTests(SynchronousTestCase):
    def setUp(self) -> None:
        lines = _FILE.read_text(encoding="utf-8").splitlines()
        self.settings = dict(line.split(" = ") for line in lines if line and line[0] != "#")

    def test_the_kernel_knows_every_name(self) -> None:
        self.assertGreater(len(self.settings), 5)
        for name, value in self.settings.items():
            here = Path("/proc/sys", *name.split("."))
            self.assertTrue(here.exists(), name)
            self.assertEqual(len(here.read_text().split()), len(value.split()), name)

    def test_a_vanished_client_is_found_within_30_seconds(self) -> None:
        names = ("time", "intvl", "probes")
        idle, pause, probes = (int(self.settings[f"net.ipv4.tcp_keepalive_{n}"]) for n in names)
        self.assertLess(idle + pause * probes, 30)
        # The kernel repeats after 0.2 s, 0.4 s …, and compares with the sum of these; where its
        # first pause is longer, it may take up to twice as long.
        repeats = int(self.settings["net.ipv4.tcp_retries2"])
        self.assertLess(2 * 0.2 * (2 ** (repeats + 1) - 1), 30)

    def test_connections_leave_the_servers_their_ports(self) -> None:
        first = int(re.split(r"\s+", self.settings["net.ipv4.ip_local_port_range"])[0])
        self.assertGreater(first, max(_LISTENING))
