"""``chatclient send``: what its exit code promises."""

from __future__ import annotations

from chatclient.address import Server
from chatclient.language import CHINESE
from chatclient.profiles import KINDS, Profile
from chatclient.profiles.folders import create
from chatserver.wire.times import utc_text
from cluster.process import free_port
from tests.chatclient.fake_server import FakeServer, refusal
from tests.chatclient.program import ProgramTestCase
from tests.chatclient.subcommands.cases import SubcommandCase, objects
from tests.server.messages import add_friend
from tests.support.folders import temporary_folder
from tests.support.waiting import until


class SendTests(SubcommandCase):
    async def test_done_means_stored(self) -> None:
        self.assertEqual(await self.run_it("send", str(self.bob), "hello"), (0, "", ""))
        self.assertEqual(self.stored(), ["hello"])

    async def test_json_tells_where(self) -> None:
        code, out, _ = await self.run_it("send", "--json", "--cid", "c1", str(self.bob), "hello")
        [told] = objects(out.encode())
        [row] = self.sql("SELECT conversation, seq, sent FROM messages")
        self.assertEqual(code, 0)
        self.assertEqual((told["conv"], told["seq"], told["cid"]), (row[0], row[1], "c1"))
        self.assertEqual((told["time"], told["dup"]), (utc_text(row[2]), False))

    async def test_a_result_that_nobody_reads_is_no_failure(self) -> None:
        run = self.start_it("send", "--json", str(self.bob), "hello")
        run.transport.closeStdout()
        self.assertEqual((await run.ended, run.err), (0, b""))
        self.assertEqual(self.stored(), ["hello"])

    async def test_the_same_cid_is_stored_once(self) -> None:
        send = ("send", str(self.bob), "hello", "--cid", "c1", "--json")
        first, second = [objects((await self.run_it(*send))[1].encode())[0] for _ in range(2)]
        self.assertEqual(second, {**first, "dup": True})
        code, _, err = await self.run_it("send", str(self.bob), "other", "--cid", "c1")
        self.assertEqual(code, 1)
        self.assertIn("this cid was used before", err)
        self.assertEqual(self.stored(), ["hello"])

    async def test_text_from_standard_input(self) -> None:
        text = "第一行\n\n  third: 🍵\n"
        self.assertEqual((await self.run_it("send", str(self.bob), text=text))[0], 0)
        self.assertEqual((await self.run_it("send", str(self.bob), "-", text="x"))[0], 0)
        self.assertEqual(self.stored(), [text.removesuffix("\n"), "x"])

    async def test_names(self) -> None:
        client, _ = await self.login(self.ann, device="pc")
        group = (await client.ask({"msgid": 7, "groupname": "tea: a group"}))["groupid"]
        await client.ask(add_friend(self.bob))
        for to in ("bob", "group:tea: a group"):
            self.assertEqual(await self.run_it("send", to, f"to {to}"), (0, "", ""), to)
        rows = self.sql(
            "SELECT body, conversation, high FROM messages JOIN conversations"
            " ON id = conversation ORDER BY sent, seq"
        )
        [(_, _, high), (_, conversation, _)] = rows
        self.assertEqual(high, max(self.ann, self.bob))
        self.assertEqual(
            self.sql("SELECT id FROM chat_groups WHERE conversation = ?", conversation), [(group,)]
        )

    async def test_what_can_t_be_stored(self) -> None:
        for to, words in (
            ("999", "no user has this id"),
            ("group:999", "no group has this id"),
            ("nobody", "nobody named nobody"),
            ("#tea", "in no group named tea"),
        ):
            code, out, err = await self.run_it("send", to, "hello")
            self.assertEqual((code, out), (1, ""), to)
            self.assertRegex(err, rf"^chatclient send: .*{words}.*\n$")
        code, _, err = await self.run_it("send", str(self.bob), text="x" * 70_000)
        self.assertEqual(code, 1)
        self.assertIn("too long", err)

    async def test_it_waits_while_another_one_sends(self) -> None:
        other = self.profile.hold("send")
        code, _, err = await self.run_it("send", str(self.bob), "x", "--timeout", "0.5")
        self.assertEqual((code, self.stored()), (1, []))
        self.assertIn("(another chatclient send of this profile is at work)", err)
        run = self.start_it("send", str(self.bob), "x")
        other.release()
        self.assertEqual((await run.ended, run.err), (0, b""))
        self.assertEqual(self.stored(), ["x"])

    async def test_a_server_that_is_away_is_waited_for(self) -> None:
        port = self.port
        await self.server.stopService()
        run = self.start_it("send", str(self.bob), "hello")
        await until(lambda: (self.profile.folder / "send.lock").exists())
        self.start(port=(f"tcp:{port}:interface=127.0.0.1",))
        self.assertEqual((await run.ended, run.err), (0, b""))
        self.assertEqual(self.stored(), ["hello"])

    async def test_a_server_that_stays_away_is_told(self) -> None:
        await self.server.stopService()
        code, _, err = await self.run_it("send", str(self.bob), "x", "--timeout", "0.5")
        self.assertEqual(code, 1)
        self.assertRegex(err, r"not within 0\.5 seconds .*refuses.*; the text is not stored\n$")


class LoginTests(SubcommandCase):
    async def test_without_a_profile(self) -> None:
        code, _, err = await self.run_it("send", "1", "x", "--profile", "none")
        self.assertEqual(code, 3)
        self.assertIn("chatclient login SERVER --profile none", err)

    async def test_with_a_token_that_is_worth_nothing(self) -> None:
        self.sql("DELETE FROM tokens")
        code, _, err = await self.run_it("send", "1", "x", "--profile", "bob")
        self.assertEqual(code, 3)
        self.assertRegex(err, "expired.*: chatclient login --profile bob\n$")

    async def test_logged_out(self) -> None:
        self.profile.forget_token("send")
        code, _, err = await self.run_it("send", str(self.bob), "x")
        self.assertEqual((code, err.count("\n")), (3, 1))

    async def test_with_an_account_that_is_disabled(self) -> None:
        self.sql("UPDATE accounts SET disabled = 1 WHERE id = ?", self.ann)
        code, _, err = await self.run_it("send", str(self.bob), "x")
        self.assertEqual(code, 1)
        self.assertIn("disabled", err)

    async def test_with_a_token_that_others_can_read(self) -> None:
        (self.profile.folder / "send.token").chmod(0o644)
        code, _, err = await self.run_it("send", str(self.bob), "x")
        self.assertEqual(code, 1)
        self.assertIn("chmod 600", err)
        self.assertEqual(self.stored(), [])

    async def test_chinese(self) -> None:
        code, _, err = await self.run_it("send", "999", "x", LC_ALL="", LANG=f"{CHINESE}.UTF-8")
        self.assertEqual((code, err), (1, "chatclient send: 没有此 ID 的用户\n"))


class UnansweredTests(ProgramTestCase):
    """A server that takes the text and says nothing."""

    def setUp(self) -> None:
        self.fake = FakeServer()
        self.addCleanup(self._stop)
        self.fake.scripts[5] = lambda _: []
        home = temporary_folder(self)
        host, _, port = self.fake.address.partition(":")
        profile = Profile(home / "default", Server(host, int(port)), 13, "zhang san", "m")
        create(profile, ((kind, "t") for kind in KINDS))
        self.environment = {"CHATCLIENT_HOME": str(home)}

    async def test_nobody_knows(self) -> None:
        run = self.start("send", "15", "x", "--timeout", "2", **self.environment)
        request = await self.fake.next_request(5)
        self.assertEqual(await run.ended, 4)
        self.assertIn(f"with --cid {request['cid']}\n", run.err.decode())

    async def test_a_signal_says_so_too(self) -> None:
        run = self.start("send", "15", "x", "--cid", "c1", **self.environment)
        await self.fake.next_request(5)
        run.transport.signalProcess("TERM")
        self.assertEqual(await run.ended, 4)
        self.assertIn(b"interrupted; nobody knows whether it is stored", run.err)

    async def test_a_lost_connection_is_made_anew_and_the_text_repeated(self) -> None:
        run = self.start("send", "15", "x", **self.environment)
        first = await self.fake.next_request(5)
        del self.fake.scripts[5]
        self.fake.connections[0].close()
        second = await self.fake.next_request(5)
        self.assertEqual(second["cid"], first["cid"])
        self.fake.connections[0].send(
            {"msgid": 11, "re": 5, "req": second["req"], "errno": 0}
            | {"conv": 7, "seq": 1, "time": "2026-11-23T03:45:12.345Z"}
        )
        self.assertEqual(await run.ended, 0)

    async def test_nobody_knows_either_where_the_login_is_lost_meanwhile(self) -> None:
        run = self.start("send", "15", "x", "--cid", "c1", **self.environment)
        await self.fake.next_request(5)
        self.fake.scripts[1] = refusal(1, "unknown or expired token; log in with the password")
        self.fake.connections[0].close()
        self.assertEqual(await run.ended, 4)
        self.assertRegex(run.err.decode(), "expired.*chatclient login.*with --cid c1\n$")

    async def test_taken_the_place(self) -> None:
        run = self.start("send", "15", "x", **self.environment)
        await self.fake.next_request(5)
        self.fake.connections[0].send({"msgid": 17, "reason": "replaced"})
        self.fake.connections[0].close()
        self.assertEqual(await run.ended, 4)

    async def test_refused_for_now_is_tried_again(self) -> None:
        self.fake.scripts[5] = refusal(110, "try again", retry_after=0.1)
        run = self.start("send", "15", "x", "--timeout", "1.5", **self.environment)
        self.assertEqual(await run.ended, 4)
        self.assertGreater(len(self.fake.of_msgid(5)), 1)

    async def test_interrupted_before_anything_was_sent(self) -> None:
        self.fake.scripts[1] = lambda _: []
        run = self.start("send", "15", "x", **self.environment)
        await self.fake.next_request(1)
        run.transport.signalProcess("INT")
        self.assertEqual(await run.ended, 1)
        self.assertIn(b"interrupted; the text is not stored", run.err)

    async def _stop(self) -> None:
        await self.fake.stop()


class NoServerTests(ProgramTestCase):
    async def test_an_address_that_begins_like_a_subcommand(self) -> None:
        run = self.start(f"send.localhost:{free_port()}")
        run.end_input()
        self.assertEqual(await run.ended, 1)
        self.assertIn(b"cannot connect to send.localhost:", run.err)
