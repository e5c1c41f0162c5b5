"""Addresses as people write them."""

from __future__ import annotations

from twisted.trial.unittest import TestCase

from chatclient import parse_address


class AddressTests(TestCase):
    """What is an address and what is not."""

    def test_addresses(self) -> None:
        for text, address in (
            ("example.org", ("example.org", 6000)),
            ("127.0.0.1:6001", ("127.0.0.1", 6001)),
            ("[::1]:6001", ("::1", 6001)),
            ("[fe80::1]", ("fe80::1", 6000)),
            ("::1", ("::1", 6000)),
            ("host:65535", ("host", 65535)),
        ):
            self.assertEqual(parse_address(text), address)

    def test_what_is_none(self) -> None:
        for text in ("", ":", ":6000", "host:", "host:x", "host:0", "host:65536", "a b", "[]:1"):
            with self.assertRaises(ValueError, msg=text):
                parse_address(text)
