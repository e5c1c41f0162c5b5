"""The program in a pipe, as scripts use it: a real process, a real connection."""

from __future__ import annotations

import tempfile
from typing import Any

from twisted.internet import reactor as installed_reactor
from twisted.internet.defer import Deferred

from chatserver.wire.times import local_text
from tests.chatclient.fake_server import TIME, FakeServer, login_ack, push, refusal
from tests.chatclient.program import ProgramTestCase, pause

reactor: Any = installed_reactor
AT = local_text(TIME)


class PipedTests(ProgramTestCase):
    """Each test is one run against a scripted server."""

    def setUp(self) -> None:
        self.server = FakeServer()
        self.addCleanup(lambda: Deferred.fromCoroutine(self.server.stop()))

    async def run_with(self, text: str, **environment: str) -> tuple[int, str, str]:
        run = self.start(self.server.address, **environment)
        run.type(text)
        run.end_input()
        code = await run.ended
        return code, run.out.decode(), run.err.decode()

    async def test_session(self) -> None:
        code, out, err = await self.run_with(
            "1\nzhang san\nsecret\nchat:15:hello\ngroupchat:2:hi: all\nquit\n"
        )
        self.assertEqual(
            out.splitlines(),
            [
                "logged in as zhang san (id 13)",
                "friends: none",
                "groups: none",
                f"{AT} you → 15: hello",
                f"{AT} you → group 2: hi: all",
            ],
        )
        self.assertEqual((code, err), (0, ""))
        login = self.server.of_msgid(1)[0]
        del login["req"]
        self.assertEqual(
            login,
            {
                "msgid": 1,
                "name": "zhang san",
                "password": "secret",
                "device": "terminal",
                "ack": True,
            },
        )
        self.assertEqual(self.server.of_msgid(10), [])

    async def test_digits_are_an_id(self) -> None:
        await self.run_with("1\n13\n123456\n")
        login = self.server.of_msgid(1)[0]
        self.assertEqual((login["id"], login["password"]), (13, "123456"))
        self.assertNotIn("name", login)

    async def test_register_then_log_in_and_out_and_in(self) -> None:
        code, out, err = await self.run_with(
            "2\nzhang san\nsecret\n1\n13\nsecret\nloginout\n1\n13\nsecret\n"
        )
        self.assertEqual((code, err), (0, ""))
        self.assertIn("registered: your user id is 13, do not forget it\n", out)
        self.assertEqual(out.count("logged in as"), 2)
        self.assertEqual([request["msgid"] for request in self.server.requests], [3, 1, 10, 1])

    async def test_last_line_without_its_end_counts(self) -> None:
        code, out, _ = await self.run_with("1\r\n13\r\nsecret\r\nchat:15:hello")
        self.assertEqual(code, 0)
        self.assertIn("you → 15: hello\n", out)
        self.assertEqual(self.server.of_msgid(1)[0]["password"], "secret")

    async def test_commands_wait_for_their_replies(self) -> None:
        lines = "".join(f"chat:15:{number}\n" for number in range(50))
        code, out, _ = await self.run_with(f"1\n13\nsecret\n{lines}")
        self.assertEqual(code, 0)
        sent = [request["msg"] for request in self.server.of_msgid(5)]
        self.assertEqual(sent, [str(number) for number in range(50)])
        self.assertEqual(out.count("you → 15"), 50)
        cids = {request["cid"] for request in self.server.of_msgid(5)}
        self.assertEqual(len(cids), 50)

    async def test_refused_command(self) -> None:
        self.server.scripts[5] = refusal(105, "no user has the id 99")
        code, out, err = await self.run_with("1\n13\nsecret\nchat:99:hello\naddfriend:15\n")
        self.assertEqual((code, err), (1, "error: no user has the id 99\n"))
        self.assertIn("added to your friends: [15] li si (online)\n", out)

    async def test_unknown_command(self) -> None:
        code, _, err = await self.run_with("1\n13\nsecret\ndance:15\nquit\n")
        self.assertEqual(code, 1)
        self.assertEqual(err, "error: there is no such command; type help for the list\n")

    async def test_refused_login_ends(self) -> None:
        self.server.scripts[1] = refusal(1, "wrong id, name or password")
        code, out, err = await self.run_with("1\n13\nsecret\n2\nnot me\nsecret\n")
        self.assertEqual((code, out, err), (1, "", "error: wrong id, name or password\n"))
        self.assertEqual(self.server.of_msgid(3), [])

    async def test_bad_choice(self) -> None:
        code, _, err = await self.run_with("7\n3\n")
        self.assertEqual((code, err), (1, "error: choose 1, 2 or 3\n"))

    async def test_missed_messages_are_waited_for_and_acknowledged(self) -> None:
        def login(_: dict[str, Any]) -> list[dict[str, Any]]:
            for seq in (1, 2, 3):
                reactor.callLater(
                    0.1 * seq, lambda seq=seq: self.server.connections[0].send(push(seq, "x"))
                )
            return [login_ack(pending=3)]

        self.server.scripts[1] = login
        code, out, err = await self.run_with("1\n13\nsecret\n")
        self.assertEqual((code, err), (0, ""))
        self.assertIn("missed messages: 3\n", out)
        self.assertEqual(out.count(f"{AT} [15] li si: x\n"), 3)
        acks = [(ack["conv"], ack["seq"]) for ack in self.server.of_msgid(12)]
        self.assertEqual(acks[-1], (7, 3))

    async def test_friends_groups_and_a_group_message(self) -> None:
        user = {"id": 15, "name": "li si", "state": "offline"}
        group = {
            "id": 2,
            "groupname": "tea",
            "groupdesc": "we drink it",
            "users": [{**user, "role": "creator"}],
        }
        self.server.scripts[1] = lambda _: [
            login_ack(friends=[user], groups=[group], pending=1),
            push(4, "hi", msgid=9, groupid=2, conv=8),
            {"msgid": 16, "id": 15, "state": "online"},
        ]
        _, out, _ = await self.run_with("1\n13\nsecret\n")
        self.assertEqual(
            out.splitlines(),
            [
                "logged in as zhang san (id 13)",
                "friends:",
                "  [15] li si (offline)",
                "groups:",
                "  group 2 tea: we drink it",
                "    [15] li si (creator, offline)",
                "missed messages: 1",
                f"{AT} group 2 [15] li si: hi",
                "[15] li si is online",
            ],
        )

    async def test_lost_connection_ends_while_input_is_open(self) -> None:
        run = self.start(self.server.address)
        run.type("1\n13\nsecret\n")
        await self.server.next_request(1)
        self.server.connections[0].close()
        self.assertEqual(await run.ended, 1)
        err = run.err.decode()
        self.assertTrue(err.startswith(f"lost the connection to {self.server.address}: "), err)
        self.assertEqual(err.count("\n"), 1)

    async def test_goodbye_says_why(self) -> None:
        run = self.start(self.server.address)
        run.type("1\n13\nsecret\n")
        await self.server.next_request(1)
        self.server.connections[0].send({"msgid": 17, "reason": "replaced"})
        self.server.connections[0].close()
        self.assertEqual(await run.ended, 1)
        self.assertEqual(
            run.err.decode(),
            "the server closes the connection: "
            "this account has logged in elsewhere with the same device name\n",
        )

    async def test_connection_lost_at_the_menu_is_made_anew(self) -> None:
        run = self.start(self.server.address)
        run.type("2\nzhang san\nsecret\n")
        await self.server.next_request(3)
        self.server.connections[0].close()
        while self.server.connections:
            await pause(0.01)
        run.type("1\n13\nsecret\n")
        run.end_input()
        self.assertEqual(await run.ended, 0)
        self.assertEqual(run.err, b"")

    async def test_a_signal_ends_it_in_order(self) -> None:
        self.server.scripts[1] = lambda _: [login_ack(pending=1), push(1, "x")]
        run = self.start(self.server.address)
        run.type("1\n13\nsecret\n")
        await self.server.next_request(1)
        acknowledged = self.server.next_request(12)
        await pause(0.05)
        run.transport.signalProcess("TERM")
        await acknowledged
        await run.ended
        self.assertEqual(run.err, b"")

    async def test_speaks_utf8_in_any_locale(self) -> None:
        self.server.scripts[1] = lambda _: [
            login_ack(pending=1),
            push(1, "好 🍵 \x1b[2J\u202e\r\nnext", name="李四"),
        ]
        code, out, _ = await self.run_with(
            "1\n13\nsecret\nchat:15:你好\n", LC_ALL="C", PYTHONIOENCODING="latin-1"
        )
        self.assertEqual(code, 0)
        self.assertIn(f"{AT} [15] 李四: 好 🍵 \\x1b[2J\\u202e⏎next\n", out)
        self.assertEqual(self.server.of_msgid(5)[0]["msg"], "你好")

    async def test_speaks_chinese_where_the_locale_does(self) -> None:
        self.server.scripts[6] = refusal(105, "no user has this id")
        code, out, err = await self.run_with(
            "1\n13\nsecret\nchat:15:你好\naddfriend:9\nhelp\nloginout\n",
            LC_ALL="",
            LANG="zh_CN.UTF-8",
        )
        lines = out.splitlines()
        self.assertEqual((code, err), (1, "错误：没有此 ID 的用户\n"))
        self.assertEqual(lines[0], "已登录：zhang san（ID 13）")
        self.assertIn(f"{AT} 您 → 15: 你好", lines)
        self.assertIn("  quit                    退出程序", lines)
        self.assertEqual(lines[-1], "已退出登录")

    async def test_reads_a_regular_file(self) -> None:
        with tempfile.TemporaryFile() as script:
            script.write(b"1\n13\nsecret\nchat:15:hello\n")
            script.seek(0)
            run = self.start_reading(script.fileno(), self.server.address)
        self.assertEqual(await run.ended, 0)
        self.assertIn(b"15: hello\n", run.out)

    async def test_nobody_reads_the_output(self) -> None:
        run = self.start(self.server.address)
        run.transport.closeStdout()
        run.type("1\n13\nsecret\n")
        self.assertEqual(await run.ended, 1)
        self.assertEqual(run.err, b"")

    async def test_garbage_from_the_server(self) -> None:
        run = self.start(self.server.address)
        run.type("1\n13\nsecret\n")
        await self.server.next_request(1)
        self.server.connections[0].send_bytes(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        self.assertEqual(await run.ended, 1)
        self.assertIn(b"does not speak this protocol", run.err)
        self.assertEqual(run.err.count(b"\n"), 1)


class StartTests(ProgramTestCase):
    """What goes wrong before anything goes right is one line and no traceback."""

    async def failing(self, *arguments: str) -> tuple[int, str]:
        run = self.start(*arguments)
        run.end_input()
        code = await run.ended
        self.assertEqual(run.out, b"")
        err = run.err.decode()
        self.assertEqual(err.count("\n"), 1, err)
        return code, err

    async def test_refused_connection(self) -> None:
        server = FakeServer()
        address = server.address
        await server.stop()
        code, err = await self.failing(address)
        self.assertEqual(code, 1)
        self.assertTrue(err.startswith(f"cannot connect to {address}: "), err)

    async def test_bad_arguments(self) -> None:
        for arguments in (("host:0",), ("host:x",), ("a", "b"), ("--device", "")):
            code, err = await self.failing(*arguments)
            self.assertEqual(code, 2)
            self.assertTrue(err.startswith("chatclient: "), err)

    async def test_help(self) -> None:
        run = self.start("--help")
        self.assertEqual(await run.ended, 0)
        for word in (b"--device", b"groupchat:", b"exit code", b"HOST[:PORT]"):
            self.assertIn(word, run.out)
