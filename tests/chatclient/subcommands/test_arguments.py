"""The command lines: what is wrong is told in one line, before anything happens."""

from __future__ import annotations

import io
from contextlib import redirect_stderr
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from chatclient.address import Server, parse_server
from chatclient.results import Account
from chatclient.subcommands.recipient import Recipient, address_of, parse_recipient
from chatclient.subcommands.run import prepare
from chatclient.terminal.options import parse_options
from chatserver.wire.frames import Friend, Group, GroupUser


class WrongArgumentsTests(SynchronousTestCase):
    def test_one_line_and_exit_code_2(self) -> None:
        for name, *arguments in (
            ("send",),
            ("send", "", "x"),
            ("send", "@", "x"),
            ("send", "1", "x", "y"),
            ("send", "1", "x", "--cid", ""),
            ("send", "1", "x", "--cid", "c" * 65),
            ("send", "1", "x", "--timeout", "0"),
            ("send", "1", "x", "--timeout", "inf"),
            ("send", "1", "x", "--timeout", "soon"),
            ("send", "1", "x", "--profile", "../x"),
            ("send", "1", "x", "--loud"),
            ("tail", "x"),
            ("tail", "--profile", "/etc"),
            ("login", "host:0"),
            ("login", "host", "--ca", "ca.pem"),
            ("login", "tls://", "--password-stdin"),
            ("logout", "x"),
        ):
            self.assert_wrong(f"chatclient {name}: ", lambda: prepare(name, arguments))  # noqa: B023

    def test_of_the_program_for_people(self) -> None:
        for arguments in (
            ("--profile", "x", "tail"),
            ("--ca", "x"),
            ("host", "--ca", "x"),
            ("--profile", ""),
            ("a", "b"),
        ):
            self.assert_wrong("chatclient: ", lambda: parse_options(arguments))  # noqa: B023

    def assert_wrong(self, beginning: str, parse: object) -> None:
        """It ends as for wrong arguments."""
        assert callable(parse)
        with redirect_stderr(io.StringIO()) as errors, self.assertRaises(SystemExit) as ending:
            parse()
        self.assertEqual(ending.exception.code, 2)
        told = errors.getvalue()
        self.assertTrue(told.startswith(beginning), told)
        self.assertEqual(told.count("\n"), 1, told)


class ServerTests(SynchronousTestCase):
    def test_with_and_without_tls(self) -> None:
        for text, server in (
            ("host", Server("host", 6000)),
            ("tls", Server("tls", 6000)),
            ("tls:6001", Server("tls", 6001)),
            ("tls://host", Server("host", 6443, tls=True)),
            ("TLS://[::1]:7", Server("::1", 7, tls=True)),
        ):
            self.assertEqual(parse_server(text), server)
            self.assertEqual(parse_server(str(server)), server)

    def test_an_authority_of_one_s_own(self) -> None:
        options = parse_options(["tls://host", "--ca", "ca.pem"])
        self.assertEqual(options.server, Server("host", 6443, True, Path("ca.pem")))


class RecipientTests(SynchronousTestCase):
    def setUp(self) -> None:
        member = GroupUser(id=4, name="dan", state="online", role="normal")
        self.account = Account(
            id=1,
            name="ann",
            friends=[
                Friend(id=2, name="bob", state="online"),
                Friend(id=3, name="15", state="online"),
            ],
            groups=[Group(id=9, groupname="tea", groupdesc="", users=[member])],
            token="t",
            expires="",
            pending=0,
        )

    def test_who_is_found(self) -> None:
        for text, is_group, found in (
            ("15", False, 15),
            ("@15", False, 3),
            ("bob", False, 2),
            ("@dan", False, 4),
            ("ann", False, 1),
            ("tea", False, None),
            ("#tea", True, 9),
            ("group:tea", True, 9),
            ("#77", True, 77),
            ("group:77", True, 77),
            ("@group:tea", False, None),
            ("group:bob", True, None),
        ):
            recipient = parse_recipient(text)
            self.assertEqual(recipient.is_group, is_group, text)
            self.assertEqual(recipient.found_by(self.account), found, text)

    def test_where_answers_go(self) -> None:
        self.assertEqual(parse_recipient(address_of(2, None)), Recipient(False, 2, "2"))
        self.assertEqual(parse_recipient(address_of(2, 9)), Recipient(True, 9, "9"))
