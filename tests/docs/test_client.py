"""The page's complete client: it is the file, it is short, and it chats."""

from __future__ import annotations

import io
import os
import sys
import tokenize
from typing import Any

from twisted.internet import reactor as installed_reactor
from twisted.internet.defer import Deferred
from twisted.trial.unittest import TestCase

from tests.docs import page
from tests.docs.client_process import ClientProcess
from tests.support.servers import PASSWORD, ServerCase

reactor: Any = installed_reactor
MOST_LINES = 25
NO_CODE = {
    tokenize.ENCODING,
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENDMARKER,
}


class TextTests(TestCase):
    def test_page_shows_the_file(self) -> None:
        (shown,) = [fence for fence in page.fences() if fence.info == "python"]
        self.assertEqual(
            "".join(f"{line}\n" for _, line in shown.lines),
            page.CLIENT.read_text(encoding="utf-8"),
        )

    def test_is_short(self) -> None:
        self.assertLessEqual(
            len(lines_of_code(page.CLIENT.read_text(encoding="utf-8"))), MOST_LINES
        )

    def test_needs_nothing_but_the_standard_library(self) -> None:
        words = page.CLIENT.read_text(encoding="utf-8").split()
        imported = {words[at + 1] for at, word in enumerate(words) if word in ("import", "from")}
        self.assertEqual(imported - sys.stdlib_module_names, set())


class ClientCase(ServerCase):
    """Runs the client as its users do, with a real server."""

    def run_client(self, name: str, password: str = PASSWORD) -> ClientProcess:
        client = ClientProcess()
        arguments = [str(page.CLIENT), "127.0.0.1", str(self.port), name, password]
        reactor.spawnProcess(
            client,
            sys.executable,
            [sys.executable, *arguments],
            env={**os.environ, "PYTHONIOENCODING": "utf-8"},
        )
        self.addCleanup(client.kill)
        return client

    async def number_of(self, client: ClientProcess) -> int:
        """The account's id that the client tells when it is logged in."""
        line = await client.prints("You are number ")
        return int(line.removeprefix("You are number ").rstrip("."))


class ChatTests(ClientCase):
    async def test_two_chat(self) -> None:
        ann, bob = self.run_client("ann"), self.run_client("bob")
        ann_id, bob_id = await self.number_of(ann), await self.number_of(bob)
        ann.type(f"{bob_id} 你好，Bob 😀: wie geht’s?")
        await bob.prints(f"{ann_id} ann: 你好，Bob 😀: wie geht’s?")
        bob.type(f"{ann_id} 很好 👍🏽")
        await ann.prints(f"{bob_id} bob: 很好 👍🏽")

    async def test_missed_messages_arrive_after_a_reconnect(self) -> None:
        ann, bob = self.run_client("ann"), self.run_client("bob")
        ann_id, bob_id = await self.number_of(ann), await self.number_of(bob)
        ann.type(f"{bob_id} seen")
        await bob.prints(f"{ann_id} ann: seen")
        # A round trip, so that the server has the acknowledgement.
        bob.type("x")
        await bob.prints("toid must be")
        await bob.kill()
        ann.type(f"{bob_id} 错过了 🙈")
        ann.type(f"{bob_id} and one more")
        ann.type("x")
        await ann.prints("toid must be")
        again = self.run_client("bob")
        await again.prints(f"{ann_id} ann: and one more")
        self.assertEqual(
            again.lines,
            [
                f"You are number {bob_id}.",
                f"{ann_id} ann: 错过了 🙈",
                f"{ann_id} ann: and one more",
            ],
        )

    async def test_not_acknowledged_messages_survive_a_server_s_restart(self) -> None:
        ann, bob = self.run_client("ann"), self.run_client("bob")
        ann_id, bob_id = await self.number_of(ann), await self.number_of(bob)
        await bob.kill()
        ann.type(f"{bob_id} before the restart")
        ann.type("x")
        await ann.prints("toid must be")
        await self.restart()
        self.assertEqual(await ann.ended, 0, ann.errors)
        bob = self.run_client("bob")
        await bob.prints(f"{ann_id} ann: before the restart")

    async def test_long_texts_come_whole(self) -> None:
        text = "长" * 16384
        ann = self.run_client("ann")
        ann_id = await self.number_of(ann)
        bob_id, bob = await self.user("bob")
        reply = await bob.ask({"msgid": 5, "toid": ann_id, "msg": text})
        self.assertEqual(reply["errno"], 0)
        await ann.prints(f"{bob_id} bob: {text}")

    async def test_group_messages_are_printed_and_acknowledged(self) -> None:
        ann = self.run_client("ann")
        ann_id = await self.number_of(ann)
        bob_id, bob = await self.user("bob")
        group = (await bob.ask({"msgid": 7, "groupname": "tea"}))["groupid"]
        other, _ = await self.login(ann_id, device="other")
        await other.ask({"msgid": 8, "groupid": group})
        await bob.ask({"msgid": 9, "groupid": group, "msg": "to all"})
        await ann.prints(f"{bob_id} bob: to all")
        ann.type("x")
        await ann.prints("toid must be")
        await ann.kill()
        _, welcome = await self.login(ann_id, device="example", ack=True)
        self.assertEqual(welcome["pending"], 0)

    async def test_each_text_has_its_own_cid(self) -> None:
        ann = self.run_client("ann")
        ann_id = await self.number_of(ann)
        other, _ = await self.login(ann_id, device="other")
        for _ in range(2):
            ann.type(f"{ann_id} the same text")
        cids = [(await other.next(msgid=5))["cid"] for _ in range(2)]
        self.assertEqual(len(set(cids)), 2)

    async def test_refusals_are_printed(self) -> None:
        ann = self.run_client("ann")
        await self.number_of(ann)
        ann.type("hello")
        await ann.prints("toid must be a whole number")
        ann.type("1")
        await ann.prints("msg must be a text that is not empty")
        ann.type("999 hello")
        await ann.prints("no user has this id")
        self.assertEqual(len(ann.lines), 4)

    async def test_second_run_replaces_the_first(self) -> None:
        first = self.run_client("ann")
        await self.number_of(first)
        await self.number_of(self.run_client("ann"))
        self.assertEqual(await first.ended, 0, first.errors)

    async def test_wrong_password_is_told(self) -> None:
        await self.register("ann")
        await self.run_client("ann", password="wrong").prints("wrong id, name or password")


class HeartbeatTests(ClientCase):
    settings = {"ping_interval": 0.8}

    async def test_pings_are_answered(self) -> None:
        ann = self.run_client("ann")
        ann_id = await self.number_of(ann)
        await pause(2.5)
        bob_id, bob = await self.user("bob")
        await bob.ask({"msgid": 5, "toid": ann_id, "msg": "still there?"})
        self.assertFalse(ann.ended.called, "the server has not sent it away")
        await ann.prints(f"{bob_id} bob: still there?")


def lines_of_code(text: str) -> set[int]:
    """The numbers of the lines that are neither blank nor only comment, nor the docstring."""
    tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    return {
        line
        for token in tokens
        if token.type not in NO_CODE and not token.line.startswith('"""')
        for line in range(token.start[0], token.end[0] + 1)
    }


def pause(seconds: float) -> Deferred[None]:
    over: Deferred[None] = Deferred()
    reactor.callLater(seconds, over.callback, None)
    return over
