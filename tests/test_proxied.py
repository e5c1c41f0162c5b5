"""The PROXY protocol's header: what is one, what it says, and where it ends."""

from __future__ import annotations

from ipaddress import ip_network
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from chatserver.proxied import BadHeader, HeaderReader, Networks, NoHeader
from tests.support.proxies import LOCAL, PROXY, SIGNATURE, binary_header, raw_header, text_header
from tests.wire.samples import property_of_many

DATA = b'{"msgid":13}\n'
ZEROES = bytes(216)
LONGEST_V6 = "PROXY TCP6 {0} {0} 65535 65535\r\n".format(":".join(["ffff"] * 8)).encode()

addresses = st.ip_addresses().map(str)
headers = (
    addresses.map(text_header)
    | st.builds(binary_header, addresses, st.binary(max_size=60))
    | st.builds(raw_header, st.just(LOCAL), st.integers(0, 255), st.binary(max_size=60))
    | st.just(b"PROXY UNKNOWN\r\n")
)
#: Bytes that get further than most.
almost = st.builds(
    lambda header, at, byte: header[: at % len(header)] + byte + header[at % len(header) + 1 :],
    headers,
    st.integers(0),
    st.binary(max_size=3),
)
rubbish = (
    st.binary(max_size=200)
    | almost
    | st.binary(max_size=200).map(lambda rest: b"PROXY " + rest + b"\r\n")
    | st.text(max_size=120).map(lambda rest: f"PROXY TCP6 {rest}\r\n".encode())
    | st.binary(max_size=200).map(lambda rest: SIGNATURE + rest)
)

Outcome = tuple[str | None, bytes | None] | type[BadHeader]


def outcome(*parts: bytes) -> Outcome:
    """The client and what stands behind the header, or what is wrong with it."""
    reader = HeaderReader()
    rest: bytes | None = None
    try:
        for part in parts:
            rest = reader.feed(part) if rest is None else rest + part
    except BadHeader as problem:
        return type(problem)
    return reader.client, rest


class TextTests(SynchronousTestCase):
    """Version 1."""

    def test_the_client_and_what_follows(self) -> None:
        for client in ("192.0.2.7", "2001:db8::7"):
            self.assertEqual(outcome(text_header(client) + DATA), (client, DATA))
            self.assertEqual(outcome(text_header(client)), (client, b""))

    def test_one_client_is_always_written_the_same_way(self) -> None:
        for text, client in (
            ("2001:DB8:0:0::7", "2001:db8::7"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
            ("::ffff:c000:207", "192.0.2.7"),
        ):
            self.assertEqual(outcome(text_header(text)), (client, b""))

    def test_an_unknown_client_is_none(self) -> None:
        longest = b"PROXY UNKNOWN " + b"f" * 91 + b"\r\n"
        self.assertEqual(len(longest), 107)
        for line in (
            b"PROXY UNKNOWN\r\n", b"PROXY UNKNOWN \r\n", longest, b"PROXY UNKNOWN x\ry\0\xff\r\n",
            b"PROXY UNKNOWN 192.0.2.7 192.0.2.1 1 2\r\n",
        ):  # fmt: skip
            self.assertEqual(outcome(line + DATA), (None, DATA), line)

    def test_the_longest_line(self) -> None:
        self.assertEqual(outcome(LONGEST_V6 + DATA), (":".join(["ffff"] * 8), DATA))

    def test_a_part_has_to_wait(self) -> None:
        for header in (text_header("192.0.2.7"), LONGEST_V6, b"PROXY UNKNOWN\r\n"):
            for length in range(len(header)):
                self.assertEqual(outcome(header[:length]), (None, None), header[:length])
        self.assertEqual(outcome(b"PROXY " + b"x" * 100), (None, None))

    def test_what_breaks_the_rules_is_refused(self) -> None:
        for line in (
            "", "TCP4", "TCP4 ", "TCP5 1.1.1.1 2.2.2.2 1 2", "tcp4 1.1.1.1 2.2.2.2 1 2",
            "TCP4 1.1.1.1 2.2.2.2 1", "TCP4 1.1.1.1 2.2.2.2 1 2 3", "TCP4 1.1.1.1 2.2.2.2 1 2 ",
            "TCP4  1.1.1.1 2.2.2.2 1 2", " TCP4 1.1.1.1 2.2.2.2 1 2", "TCP4 1.1.1.1 2.2.2.2 1 -2",
            "TCP4 1.1.1.1 2.2.2.2 01 2", "TCP4 1.1.1.1 2.2.2.2 1 65536", "TCP4 1.1.1.1 2.2.2.2 1 x",
            "TCP4 1.1.1.1 2.2.2.2 99999 2", "TCP4 1.1.1.1 2.2.2.2 100000 2",
            "TCP4 01.1.1.1 2.2.2.2 1 2", "TCP4 1.1.1 2.2.2.2 1 2", "TCP4 256.1.1.1 2.2.2.2 1 2",
            "TCP4 1.1.1.1 2.2.2 1 2", "TCP4 ::1 ::2 1 2", "TCP6 1.1.1.1 2.2.2.2 1 2",
            "TCP6 ::1%lo ::1 1 2", "TCP6 ::1 :: 1 2 3", "TCP6 1::2::3 ::1 1 2",
            "TCP6 [::1] ::1 1 2",
            "UNKNOWNS", "unknown", "UNKNOWN\n", "TCP4 1.1.1.1\t2.2.2.2 1 2",
            "TCP4 localhost 2.2.2.2 1 2", "TCP4 1.1.1.1 2.2.2.2 1 2\r", "TCP4 １.1.1.1 2.2.2.2 1 2",
        ):  # fmt: skip
            self.assertIs(outcome(f"PROXY {line}\r\n".encode() + DATA), BadHeader, line)

    def test_a_line_that_does_not_end_as_it_must_is_refused(self) -> None:
        line = text_header("192.0.2.7")[:-2]
        for end in (b"\n", b"\n\r", b" \n", b"\r" + DATA):
            self.assertIs(outcome(line + end), BadHeader, end)
        self.assertIs(outcome(b"PROXY UNKNOWN " + b"f" * 92 + b"\r\n"), BadHeader)
        self.assertIs(outcome(b"PROXY UNKNOWN " + b"f" * 93), BadHeader)


class BinaryTests(SynchronousTestCase):
    """Version 2."""

    def test_the_client_and_what_follows(self) -> None:
        for client in ("192.0.2.7", "2001:db8::7"):
            for extensions in (b"", b"\x04\0\x02ab", b"x" * 3000):
                header = binary_header(client, extensions)
                self.assertEqual(outcome(header + DATA), (client, DATA))
                self.assertEqual(outcome(header), (client, b""))
        self.assertEqual(outcome(binary_header("::ffff:192.0.2.7")), ("192.0.2.7", b""))

    def test_the_proxys_own_connection(self) -> None:
        for family, rest in ((0, b""), (0x11, ZEROES[:12]), (0x11, b""), (0xFF, b"xyz")):
            self.assertEqual(outcome(raw_header(LOCAL, family, rest) + DATA), (None, DATA))

    def test_clients_without_an_address_of_tcp(self) -> None:
        for family, length in (
            (0x00, 0),
            (0x00, 5),
            (0x12, 12),
            (0x22, 36),
            (0x31, 216),
            (0x32, 216),
        ):
            header = raw_header(PROXY, family, ZEROES[:length])
            self.assertEqual(outcome(header + DATA), (None, DATA), family)

    def test_a_part_has_to_wait(self) -> None:
        for client in ("192.0.2.7", "2001:db8::7"):
            header = binary_header(client, b"abc")
            for length in range(len(header)):
                self.assertEqual(outcome(header[:length]), (None, None))

    def test_what_breaks_the_rules_is_refused(self) -> None:
        for command in set(range(256)) - {LOCAL, PROXY}:
            self.assertIs(outcome(raw_header(command, 0x11, ZEROES[:12])), BadHeader, command)
        for family in set(range(256)) - {0x00, 0x11, 0x12, 0x21, 0x22, 0x31, 0x32}:
            self.assertIs(outcome(raw_header(PROXY, family, ZEROES)), BadHeader, family)
        for family, length in ((0x11, 12), (0x12, 12), (0x21, 36), (0x22, 36), (0x31, 216)):
            header = raw_header(PROXY, family, ZEROES[: length - 1])
            self.assertIs(outcome(header + DATA), BadHeader, family)

    def test_one_that_is_too_long_is_refused_at_once(self) -> None:
        self.assertEqual(outcome(raw_header(LOCAL, 0, b"x" * 4080) + DATA), (None, DATA))
        self.assertIs(outcome(raw_header(LOCAL, 0, b"x" * 4081)[:16]), BadHeader)


class NoHeaderTests(SynchronousTestCase):
    """Something else."""

    def test_it_is_seen_at_the_first_byte_that_differs(self) -> None:
        for beginning, byte in (
            (b"", b"{"), (b"", b"\n"), (b"", b"\0"), (b"", b"\x16"), (b"", b" "), (b"", b"p"),
            (b"PROX", b"Z"), (b"PROXY", b"\r"), (b"\r", b"{"), (b"\r\n", b"{"),
            (b"\r\n\r\n\0\r\nQUIT", b"\r"),
        ):  # fmt: skip
            self.assertEqual(outcome(beginning), (None, None), beginning)
            self.assertIs(outcome(beginning, byte), NoHeader, beginning)
            self.assertIs(outcome(beginning + byte + DATA), NoHeader, beginning)

    def test_nothing_is_not_something_else(self) -> None:
        self.assertEqual(outcome(b""), (None, None))


class PropertyTests(SynchronousTestCase):
    """Of any bytes."""

    @property_of_many
    @given(headers, st.binary(max_size=40), st.lists(st.integers(0, 160)))
    def test_any_split_of_a_header_and_data_gives_the_same(
        self, header: bytes, data: bytes, cuts: list[int]
    ) -> None:
        client, rest = outcome(header + data)  # type: ignore[misc]
        self.assertEqual(rest, data)
        self.assertEqual(outcome(*split(header + data, cuts)), (client, data))

    @property_of_many
    @given(rubbish, st.lists(st.integers(0, 260)))
    def test_any_split_of_rubbish_gives_the_same_and_no_other_error(
        self, data: bytes, cuts: list[int]
    ) -> None:
        self.assertEqual(outcome(*split(data, cuts)), outcome(data))
        self.assertEqual(outcome(*split(data, list(range(len(data))))), outcome(data))


class ProxiesTests(SynchronousTestCase):
    """Who is a trusted proxy."""

    def test_a_peer_in_a_network_is(self) -> None:
        networks = tuple(map(ip_network, ("127.0.0.2", "10.0.0.0/8", "fd00::/8", "fe80::/10")))
        proxies = Networks(networks)
        for host, network in (
            ("127.0.0.2", 0), ("10.255.0.1", 1), ("fd00::1", 2), ("fe80::1%lo", 3),
            ("::ffff:127.0.0.2", 0), ("127.0.0.1", None), ("11.0.0.1", None), ("::1", None),
            ("::ffff:127.0.0.1", None), ("::7f00:2", None), (None, None),
        ):  # fmt: skip
            expected = None if network is None else networks[network]
            self.assertEqual(proxies.network_of(host), expected, host)

    def test_ipv4_may_be_named_as_an_ipv6_port_sees_it(self) -> None:
        network = ip_network("::ffff:127.0.0.2")
        self.assertEqual(Networks([network]).network_of("::ffff:127.0.0.2"), network)

    def test_without_any_nobody_is(self) -> None:
        self.assertIsNone(Networks(()).network_of("127.0.0.1"))


def split(data: bytes, cuts: list[int]) -> list[bytes]:
    """The data in parts."""
    ends = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    return [data[start:end] for start, end in pairwise(ends)] or [data]
