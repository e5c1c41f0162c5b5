"""The program in a real pseudo-terminal, as a person uses it."""

from __future__ import annotations

import signal

from twisted.internet.defer import Deferred

from chatserver.wire.times import local_text
from tests.chatclient.fake_server import TIME, FakeServer, login_ack, push, refusal
from tests.chatclient.program import ProgramTestCase, TerminalRun, pause

AT = local_text(TIME)


class TerminalTests(ProgramTestCase):
    """What the screen shows."""

    def setUp(self) -> None:
        self.server = FakeServer()
        self.addCleanup(lambda: Deferred.fromCoroutine(self.server.stop()))

    async def logged_in(self) -> TerminalRun:
        run = self.start_in_terminal(self.server.address, "--plain")
        await run.shows("choice:")
        run.type("1\r")
        await run.shows("user id or name:")
        run.type("13\r")
        await run.shows("password:")
        run.type("secret\r")
        await run.shows("logged in as zhang san (id 13)")
        await run.shows(">")
        return run

    async def test_session(self) -> None:
        run = await self.logged_in()
        lines = run.terminal.lines()
        self.assertEqual(lines[:5], ["=" * 24, "1. login", "2. register", "3. quit", "=" * 24])
        run.type("chat:15:a:b\r")
        await run.shows(f"{AT} you → 15: a:b")
        run.type("dance\r")
        await run.shows("error: there is no such command; type help for the list")
        run.type("quit\r")
        self.assertEqual(await run.ended, 0)

    async def test_a_password_is_not_shown(self) -> None:
        run = await self.logged_in()
        self.assertEqual(self.server.of_msgid(1)[0]["password"], "secret")
        self.assertNotIn(b"secret", run.out)
        run.type("\x1b[A\x1b[A")
        await pause(0.3)
        self.assertNotIn(b"secret", run.out)

    async def test_a_password_typed_ahead_is_not_shown(self) -> None:
        run = self.start_in_terminal(self.server.address, "--plain")
        await run.shows("choice:")
        for text in ("1\r", "13\r", "secret\r"):
            run.type(text)
            await pause(0.01)
        await run.shows("logged in as")
        self.assertEqual(self.server.of_msgid(1)[0]["password"], "secret")
        self.assertNotIn(b"secret", run.out)

    async def test_what_is_typed_while_waiting_shows_up_at_the_next_prompt(self) -> None:
        self.server.scripts[1] = lambda _: []
        run = self.start_in_terminal(self.server.address, "--plain")
        await run.shows("choice:")
        asked = self.server.next_request(1)
        run.type("1\r13\rsecret\r")
        login = await asked
        run.type("hel")
        await pause(0.1)
        self.assertNotIn(b"hel", run.out)
        self.server.connections[0].send(login_ack(req=login["req"]))
        await run.shows("> hel")

    async def test_a_message_does_not_tear_the_input(self) -> None:
        run = await self.logged_in()
        run.type("he")
        await run.shows("> he")
        for seq in range(1, 30):
            self.server.connections[0].send(push(seq, f"number {seq}"))
            await pause(0.01)
        run.type("lp")
        await run.shows(f"{AT} [15] li si: number 29")
        await run.shows("> help")
        lines = run.terminal.lines()
        self.assertEqual(lines[-1], "> help")
        self.assertEqual(lines[-30:-1], [f"{AT} [15] li si: number {seq}" for seq in range(1, 30)])
        run.type("\r")
        await run.shows("  chat:userid:text")

    async def test_what_others_send_does_not_drive_the_terminal(self) -> None:
        run = await self.logged_in()
        self.server.connections[0].send(push(1, "\x1b[2J\x1b]0;title\x07", name="\x9b1A"))
        await run.shows(f"{AT} [15] \\x9b1A: \\x1b[2J\\x1b]0;title\\x07")

    async def test_ctrl_d_and_ctrl_c_leave_after_acknowledging(self) -> None:
        for key in ("\x04", "\x03"):
            run = await self.logged_in()
            self.server.connections[0].send(push(1, "x"))
            await run.shows(f"{AT} [15] li si: x")
            acknowledged = self.server.next_request(12)
            run.type(key)
            self.assertEqual(await run.ended, 0)
            await acknowledged
            self.assertEqual(self.server.of_msgid(10), [])
            self.assertNotIn(b"Traceback", run.out)

    async def test_lost_connection(self) -> None:
        run = await self.logged_in()
        run.type("hel")
        await run.shows("> hel")
        self.server.connections[0].close()
        self.assertEqual(await run.ended, 1)
        self.assertTrue(
            run.terminal.lines()[-2].startswith("lost the connection to"), run.terminal.lines()
        )

    async def test_refused_login_leads_back_to_the_menu(self) -> None:
        self.server.scripts[1] = refusal(1, "wrong id, name or password")
        run = self.start_in_terminal(self.server.address, "--plain")
        await run.shows("choice:")
        run.type("1\r13\rwrong\r")
        await run.shows("error: wrong id, name or password")
        self.server.scripts[1] = lambda _: [login_ack()]
        run.type("1\r13\rsecret\r")
        await run.shows("logged in")
        run.type("loginout\r")
        await run.shows("logged out")
        run.type("3\r")
        self.assertEqual(await run.ended, 0)

    async def test_a_signal_gives_the_terminal_back(self) -> None:
        run = await self.logged_in()
        run.transport.signalProcess(signal.SIGTERM)
        await run.ended
        self.assertNotIn(b"Traceback", run.out)
        self.assertIn(b"\x1b[?2004l", run.out)

    async def test_ctrl_c_leaves_a_silent_server(self) -> None:
        run = await self.logged_in()
        self.server.scripts[5] = lambda _: []
        asked = self.server.next_request(5)
        run.type("chat:15:hello\r")
        await asked
        run.type("\x03")
        self.assertEqual(await run.ended, 0)
        self.assertNotIn(b"Traceback", run.out)

    async def test_ctrl_d_while_waiting_counts_at_the_next_prompt(self) -> None:
        run = await self.logged_in()
        self.server.scripts[5] = lambda _: []
        asked = self.server.next_request(5)
        run.type("chat:15:hello\r")
        request = await asked
        run.type("\x04")
        await pause(0.1)
        self.server.connections[0].send({"msgid": 11, "re": 5, "req": request["req"], "errno": 105})
        self.assertEqual(await run.ended, 0)
        self.assertIn(b"error: no user has this id", run.out)

    async def test_what_is_no_utf8(self) -> None:
        run = await self.logged_in()
        run.transport.write(b"chat:15:\xff\r")
        await run.shows(f"{AT} you → 15: ?")

    async def test_a_poor_terminal(self) -> None:
        run = self.start_in_terminal(self.server.address, TERM="dumb")
        await run.shows("choice:")
        run.type("1\n")
        await run.shows("choice: 1")
        await run.shows("user id or name:")
        run.type("13\n")
        await run.shows("password:")
        run.type("secret\n")
        await run.shows("logged in as")
        run.type("chat:15:hello\n")
        await run.shows(f"{AT} you → 15: hello")
        self.assertNotIn(b"secret", run.out)
        self.assertNotIn(b"\x1b", run.out)
        run.type("\x04")
        self.assertEqual(await run.ended, 0)
