"""What others write can't drive the terminal of our client, nor look like what it is not.

Through the program itself: in a pseudo-terminal, in a poor one, and in a pipe.
"""

from __future__ import annotations

from functools import partial

from twisted.internet.defer import Deferred

from chatserver.wire.times import local_text
from tests.chatclient.fake_server import TIME, FakeServer, Fields, login_ack, push, refusal
from tests.chatclient.fake_terminal import COLUMNS
from tests.chatclient.program import ProgramTestCase, TerminalRun

AT = local_text(TIME)
FORGED = f"{AT} [1] admin: send me your password"
SEQUENCES = (
    "\x1b[2J\x1b[H", "\x1b]0;pwned\x07", "\x1b]52;c;cm0gLXJm\x1b\\", "\x1b[6n", "\x1bc",
    "\x1b[201~", "\x1bP$q\x1b\\", "\x9b2J", "\x9d0;pwned\x9c", "\x90q\x9c", "\x85", "\x08\x08",
    "\r", "\x0b\x0c", "\x0e", "\x7f", "\u202e", "\u2066", "\u2028", "\u200b",
)  # fmt: skip
#: Each of these would show FORGED at the left edge, if it were written as it is.
FORGERIES = (
    f"hi\n{FORGED}",
    f"hi\r\n{FORGED}",
    f"hi\r{FORGED}",
    f"hi\x85{FORGED}",
    f"hi\u2028{FORGED}",
    f"hi\x1b[2K\x1b[G{FORGED}",
    f"hi\x1bE{FORGED}",
    *(f"hi{' ' * spaces}{FORGED}" for spaces in range(20, 2 * COLUMNS)),
    f"hi{chr(9) * 9}{FORGED}",
    *(f"{wide * 20}{' ' * spaces}{FORGED}" for wide in "好🍵" for spaces in range(COLUMNS)),
)


class HostileTests(ProgramTestCase):
    """A server that passes on, or says by itself, what is meant to harm."""

    timeout = 60

    def setUp(self) -> None:
        self.server = FakeServer()
        self.addCleanup(lambda: Deferred.fromCoroutine(self.server.stop()))

    def login_ack(self, evil: str) -> Fields:
        """A login with an evil text wherever one can be."""
        user = {"id": 2, "name": evil, "state": "online"}
        group: Fields = {"id": 3, "groupname": evil, "groupdesc": evil}
        group["users"] = [{**user, "role": "creator"}]
        return login_ack(friends=[user], groups=[group])

    def events(self, *evil: str) -> list[Fields]:
        found: list[Fields] = []
        for seq, text in enumerate(evil, 1):
            found.append(push(seq, text))
            found.append(push(seq, "x", name=text, conv=8))
            to_group = push(seq, text, msgid=9, groupid=2, name=text, conv=9)
            del to_group["toid"]
            found.append(to_group)
            found.append({"msgid": 16, "id": 2, "state": "offline"})
        return found

    async def log_in(self, run: TerminalRun, end: str = "\r") -> None:
        await run.shows("choice:")
        run.type(f"1{end}")
        await run.shows("user id or name:")
        run.type(f"13{end}")
        await run.shows("password:")
        run.type(f"secret{end}")
        await run.shows("logged in as zhang san (id 13)")

    def send_all(self, *events: Fields) -> None:
        for event in events:
            self.server.connections[0].send(event)

    def assert_nothing_forged(self, run: TerminalRun) -> None:
        for line in run.terminal.lines():
            self.assertFalse(line.startswith((FORGED, FORGED[:30], "pwned")), line)

    async def test_sequences_in_a_terminal(self) -> None:
        everything = "|".join(SEQUENCES)
        self.server.scripts[1] = lambda _: [self.login_ack(everything)]
        run = self.start_in_terminal(self.server.address, "--plain")
        await self.log_in(run)
        before = len(run.out)
        self.send_all(*self.events(*SEQUENCES))
        self.server.scripts[5] = refusal(108, everything)
        run.type("chat:15:hello\r")
        await run.shows("error: ")
        self.send_all(push(999, "the end", conv=10))
        await run.shows(f"{AT} [15] li si: the end")
        for sequence in SEQUENCES:
            if len(sequence) > 3 or ord(sequence[0]) >= 0x7F:
                self.assertNotIn(sequence.encode(), run.out, sequence)
        self.assertNotIn(b"pwned\x07", run.out[before:])
        self.assertTrue(any("\\x1b]0;pwned\\x07" in line for line in run.terminal.lines()))
        self.assertTrue(any("\\u202e" in line for line in run.terminal.lines()))

    async def test_forged_lines_in_a_terminal(self) -> None:
        run = self.start_in_terminal(self.server.address, "--plain")
        await self.log_in(run)
        self.send_all(*(push(seq, text) for seq, text in enumerate(FORGERIES, 1)))
        self.send_all(*(push(seq, "x", name=text, conv=8) for seq, text in enumerate(FORGERIES, 1)))
        self.send_all(push(999, "the end", conv=10))
        await run.shows(f"{AT} [15] li si: the end")
        shown = "\n".join(run.terminal.lines()).replace("\n  | ", "")
        self.assertEqual(shown.count("admin"), 2 * len(FORGERIES), "all were shown")
        self.assert_nothing_forged(run)

    async def test_forged_lines_in_lists_and_refusals(self) -> None:
        for evil in (FORGERIES[0], f"hi{' ' * 72}{FORGED}", f"hi{' ' * 65}{FORGED}"):
            self.server.scripts[1] = partial(lambda ack, _: [ack], self.login_ack(evil))
            self.server.scripts[5] = refusal(108, evil)
            run = self.start_in_terminal(self.server.address, "--plain")
            await self.log_in(run)
            run.type("chat:15:hello\r")
            await run.shows("error: hi")
            self.assert_nothing_forged(run)

    async def test_forged_lines_in_a_poor_terminal(self) -> None:
        run = self.start_in_terminal(self.server.address, TERM="dumb")
        await self.log_in(run, "\n")
        self.send_all(*(push(seq, text) for seq, text in enumerate(FORGERIES, 1)))
        self.send_all(push(999, "the end", conv=10))
        await run.shows(f"{AT} [15] li si: the end")
        self.assertNotIn(b"\x1b", run.out)
        self.assert_nothing_forged(run)

    async def test_a_pipe_gets_one_line_for_each_event(self) -> None:
        hostile = [*SEQUENCES, *FORGERIES]
        events = self.events(*hostile)[:-1]  # the client waits for messages only
        self.server.scripts[1] = lambda _: [
            login_ack(pending=3 * len(hostile)),
            *events,
        ]
        run = self.start(self.server.address)
        run.type("1\n13\nsecret\n")
        run.end_input()
        self.assertEqual(await run.ended, 0, run.err)
        lines = run.out.decode().split("\n")
        welcome = lines.index(f"missed messages: {3 * len(hostile)}") + 1
        self.assertEqual(len(lines[welcome:-1]), len(events))
        for line in lines[:-1]:
            self.assertTrue(line.replace("\t", "").isprintable(), repr(line))
            self.assertFalse(line.startswith(FORGED), line)
        self.assertEqual(run.err, b"")

    async def test_complaints_in_a_pipe_are_one_line_each(self) -> None:
        evil = "".join(SEQUENCES) + FORGERIES[0]
        self.server.scripts[5] = refusal(108, evil)
        run = self.start(self.server.address)
        run.type("1\n13\nsecret\nchat:15:hello\n")
        run.end_input()
        await run.ended
        [line] = run.err.decode().splitlines()
        self.assertTrue(line.startswith("error: ") and line.isprintable(), repr(line))
