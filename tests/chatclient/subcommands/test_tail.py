"""``chatclient tail``: each message once, and acknowledged only when it is written."""

from __future__ import annotations

import fcntl
import os
import struct
import termios

from twisted.internet.defer import Deferred

from chatserver.wire.times import local_text
from tests.chatclient.program import Run, start_program
from tests.chatclient.subcommands.cases import SubcommandCase, objects
from tests.server.messages import chat
from tests.support.waiting import until

LONG = "长" * 16_000


class TailCase(SubcommandCase):
    async def bob_writes(self, *texts: str) -> None:
        """Store texts from bob to ann."""
        client, _ = await self.login(self.bob, device="pc")
        for text in texts:
            await client.ask(chat(self.ann, text))
        await client.hang_up()

    async def tail(self, *options: str, until_there_are: int, **env: str) -> list[str]:
        """The lines of a tail that ends when it has so many."""
        run = self.start_it("tail", *options, **env)
        await until(lambda: run.out.count(b"\n") >= until_there_are, "the messages have come")
        run.transport.signalProcess("TERM")
        self.assertEqual((await run.ended, run.err), (0, b""))
        return run.out.decode().splitlines()

    async def pending(self) -> int:
        """How many messages the device of tail has not acknowledged."""
        _, reply = await self.login_when_free(
            self.ann, device=self.profile.device("tail"), ack=True
        )
        return int(reply["pending"])


class MessageTests(TailCase):
    async def test_what_was_missed_and_what_comes_each_once(self) -> None:
        await self.bob_writes("missed 1", "missed 2")
        run = self.start_it("tail", "--json")
        await until(lambda: run.out.count(b"\n") == 2)
        await self.bob_writes("live")
        await until(lambda: run.out.count(b"\n") == 3)
        run.transport.signalProcess("INT")
        self.assertEqual((await run.ended, run.err), (0, b""))
        self.assertEqual(
            [each["text"] for each in objects(run.out)], ["missed 1", "missed 2", "live"]
        )
        await self.bob_writes("later")
        [line] = await self.tail("--json", until_there_are=1)
        self.assertIn('"later"', line)
        self.assertEqual(await self.pending(), 0)

    async def test_the_keys_of_a_user_s_and_a_group_s_message(self) -> None:
        bob, _ = await self.login(self.bob, device="pc")
        group = (await bob.ask({"msgid": 7, "groupname": "tea"}))["groupid"]
        ann, _ = await self.login(self.ann, device="pc")
        await ann.ask({"msgid": 8, "groupid": group})
        text = "two\nlines \x1b[2J\x9b\u202e 好 🍵"
        told = [
            await bob.ask(chat(self.ann, text)),
            await bob.ask({"msgid": 9, "groupid": group, "msg": "hi all"}),
        ]
        lines = await self.tail("--json", until_there_are=2)
        common = {"from": self.bob, "name": "bob", "own": False}
        by_conv = {each["conv"]: each for each in objects("\n".join(lines).encode())}
        expected = (
            {
                "to": self.ann,
                "group": None,
                "group_name": None,
                "text": text,
                "reply": str(self.bob),
            },
            {
                "to": None,
                "group": group,
                "group_name": "tea",
                "text": "hi all",
                "reply": f"group:{group}",
            },
        )
        for answer, rest in zip(told, expected, strict=True):
            place = {key: answer[key] for key in ("conv", "seq", "time")}
            self.assertEqual(by_conv[answer["conv"]], {**place, **common, **rest})
        self.assertTrue(all(line.isprintable() for line in lines), lines)

    async def test_kill_9_loses_nothing(self) -> None:
        texts: list[str] = []
        printed: list[str] = []
        is_over = False

        async def write() -> None:
            client, _ = await self.login(self.bob, device="pc")
            while not is_over:
                texts.append(str(len(texts)))
                await client.ask(chat(self.ann, texts[-1]))

        writing = Deferred.fromCoroutine(write())
        for _ in range(2):
            run = self.start_it("tail", "--json")
            await until(lambda run=run: run.out.count(b"\n") > 10)  # type: ignore[misc]
            run.transport.signalProcess("KILL")
            await run.gone
            printed += texts_of(run.out)
        is_over = True
        await writing
        run = self.start_it("tail", "--json")
        await until(lambda: {*printed, *texts_of(run.out)} == {*texts}, "all has come")
        printed += texts_of(run.out)
        self.assertLessEqual(len(printed) - len(texts), 2)

    async def test_lines_for_people(self) -> None:
        await self.bob_writes("hello\nann")
        [line] = await self.tail(until_there_are=1)
        [(sent,)] = self.sql(
            "SELECT strftime('%Y-%m-%dT%H:%M:%fZ', sent / 1000.0, 'unixepoch') FROM messages"
        )
        self.assertEqual(line, f"{local_text(sent)} [{self.bob}] bob: hello⏎ann")

    async def test_own_messages_only_if_asked_for(self) -> None:
        await self.run_it("send", str(self.bob), "from me")
        await self.bob_writes("from bob")
        [line] = await self.tail("--json", until_there_are=1)
        self.assertIn('"from bob"', line)
        await self.run_it("send", str(self.bob), "from me again")
        [own] = objects("\n".join(await self.tail("--json", "--own", until_there_are=1)).encode())
        self.assertEqual(
            (own["own"], own["text"], own["reply"]), (True, "from me again", str(self.bob))
        )


class ConnectionTests(TailCase):
    async def test_it_comes_back_by_itself_and_says_so(self) -> None:
        run = self.start_it("tail", "--json")
        await self.bob_writes("before")
        await until(lambda: run.out.count(b"\n") == 1)
        port = self.port
        await self.restart(port=(f"tcp:{port}:interface=127.0.0.1",))
        await self.bob_writes("after")
        await until(lambda: run.out.count(b"\n") == 2)
        run.transport.signalProcess("TERM")
        self.assertEqual(await run.ended, 0)
        self.assertEqual([each["text"] for each in objects(run.out)], ["before", "after"])
        first, *_, last = run.err.decode().splitlines()
        self.assertRegex(first, "^chatclient tail: no connection to .*: .*; trying again")
        self.assertEqual(last, f"chatclient tail: connected again to {self.address}")

    async def test_a_second_one_is_refused(self) -> None:
        first = self.start_it("tail", "--json")
        await self.bob_writes("x")
        await until(lambda: first.out)
        code, out, err = await self.run_it("tail")
        self.assertEqual((code, out), (1, ""))
        self.assertRegex(
            err, "^chatclient tail: chatclient tail runs already .*login --profile NAME\n$"
        )

    async def test_taken_the_place(self) -> None:
        run = self.start_it("tail")
        await self.bob_writes("x")
        await until(lambda: run.out)
        await self.login(self.ann, device=self.profile.device("tail"))
        self.assertEqual(await run.ended, 1)
        self.assertIn(b"another program has logged in as this device", run.err)

    async def test_a_token_that_is_worth_nothing(self) -> None:
        self.sql("DELETE FROM tokens")
        code, out, err = await self.run_it("tail")
        self.assertEqual((code, out), (3, ""))
        self.assertRegex(err, "^chatclient tail: log in again .*: chatclient login\n$")

    async def test_wrong_arguments(self) -> None:
        for arguments, expected in (
            (("x",), 2),
            (("--profile", "/etc"), 2),
            (("--profile", "no"), 3),
        ):
            code, out, err = await self.run_it("tail", *arguments)
            self.assertEqual((code, out, err.count("\n")), (expected, "", 1))


class ReaderTests(TailCase):
    async def test_a_reader_who_goes_ends_it_at_once(self) -> None:
        run = self.start_it("tail")
        await self.bob_writes("x")
        await until(lambda: run.out)
        run.transport.closeStdout()
        self.assertEqual((await run.ended, run.err), (0, b""))

    async def test_a_full_disk_is_told(self) -> None:
        await self.bob_writes("x")
        with open("/dev/full", "w") as full:
            run = start_program(
                self, Run(), ("tail",), {"CHATCLIENT_HOME": str(self.home)},
                childFDs={0: "w", 1: full.fileno(), 2: "r"},
            )  # fmt: skip
        self.assertEqual(await run.ended, 1)
        self.assertIn(b"standard output can't be written (No space", run.err)
        self.assertEqual(await self.pending(), 1)

    async def test_what_a_busy_reader_has_not_taken_comes_again(self) -> None:
        texts = [f"{number} {LONG}" for number in range(6)]
        await self.bob_writes(*texts)
        reading, writing = os.pipe()
        self.addCleanup(os.close, reading)
        run = start_program(
            self, Run(), ("tail", "--json"), {"CHATCLIENT_HOME": str(self.home)},
            childFDs={0: "w", 1: writing, 2: "r"},
        )  # fmt: skip
        os.close(writing)
        await until(lambda: readable(reading) > 60_000, "the pipe is full")
        run.transport.signalProcess("TERM")
        self.assertEqual((await run.ended, run.err), (0, b""))
        first = b""
        while piece := os.read(reading, 65_536):
            first += piece
        complete = first[: first.rindex(b"\n") + 1]
        self.assertGreater(len(first), len(complete))
        rest = await self.tail("--json", until_there_are=6 - complete.count(b"\n"))
        again = objects("\n".join(rest).encode())
        self.assertEqual([each["text"] for each in objects(complete) + again], texts)


def texts_of(out: bytes) -> list[str]:
    """The texts of the lines that are whole."""
    return [each["text"] for each in objects(out[: out.rfind(b"\n") + 1])]


def readable(fd: int) -> int:
    """How many bytes wait in a pipe."""
    return int(struct.unpack("i", fcntl.ioctl(fd, termios.FIONREAD, b"\0" * 4))[0])
