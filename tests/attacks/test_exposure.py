"""What is told about an unsafe start."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Any

from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.trial.unittest import SynchronousTestCase

from chatserver import exposure
from chatserver.settings import Settings

EVERYWHERE = IPv4Address("TCP", "0.0.0.0", 6000)
LOCAL = IPv4Address("TCP", "127.0.0.1", 6000)
SOMEBODY = 1000


def warnings(*ports: tuple[str, Any], user: int = SOMEBODY, **settings: Any) -> list[str]:
    names = tuple(name for name, _ in ports)
    addresses = [address for _, address in ports]
    return list(exposure.warnings(Settings(port=names, **settings), addresses, [], user))


class UserTests(SynchronousTestCase):
    def test_root_is_told_how_not_to_be(self) -> None:
        [warning] = warnings(("6000", LOCAL), user=0)
        self.assertIn("twistd --uid USER --gid GROUP", warning)

    def test_others_are_told_nothing(self) -> None:
        self.assertEqual(warnings(("6000", LOCAL)), [])


class PlainPortTests(SynchronousTestCase):
    def test_ports_open_to_other_hosts_are_named_in_one_warning(self) -> None:
        [warning] = warnings(
            ("6000", EVERYWHERE),
            ("tcp:6001:interface=127.0.0.1", LOCAL),
            ("tcp:6002:interface=10.0.0.1", IPv4Address("TCP", "10.0.0.1", 6002)),
            ("tcp6:6003", IPv6Address("TCP", "::", 6003)),
        )
        self.assertIn("port 6000, tcp:6002:interface=10.0.0.1, tcp6:6003: ", warning)
        self.assertIn("ssl:", warning)

    def test_people_log_in_by_the_web_too(self) -> None:
        settings = Settings(port=("6000",), web=("9000", "tcp:8080", "ssl:8443:privateKey=k.pem"))
        [warning] = exposure.warnings(settings, [LOCAL], [LOCAL, EVERYWHERE, EVERYWHERE], SOMEBODY)
        self.assertIn("port tcp:8080: ", warning)

    def test_what_only_this_host_reaches_is_none(self) -> None:
        for address in (LOCAL, IPv6Address("TCP", "::1", 6000), UNIXAddress(b"/run/chat")):
            self.assertEqual(warnings(("6000", address)), [])

    def test_tls_is_none(self) -> None:
        for name in ("ssl:6443:privateKey=k.pem", "haproxy:ssl:6443", "tls:6443"):
            self.assertEqual(warnings((name, EVERYWHERE)), [], name)
        for name in ("haproxy:tcp:6000", "tcp:6000:interface=ssl", "tcp:6000"):
            self.assertEqual(len(warnings((name, EVERYWHERE))), 1, name)

    def test_behind_a_proxy_tls_is_that_ones_business(self) -> None:
        proxies = (ip_network("10.0.0.5"),)
        self.assertEqual(warnings(("6000", EVERYWHERE), proxies=proxies), [])
