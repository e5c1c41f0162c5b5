"""``chatclient login`` and ``logout``: what they keep, and what they take back."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

from chatclient import profiles
from tests.chatclient.subcommands.cases import SubcommandCase, mode
from tests.support.certificates import make_certificates
from tests.support.servers import PASSWORD


class LoginTests(SubcommandCase):
    async def log_in(self, *arguments: str, password: str = PASSWORD) -> tuple[int, str, str]:
        """Log in with a password on standard input."""
        text = f"{password}\nnot this\n"
        return await self.run_it("login", *arguments, "--password-stdin", text=text)

    async def test_a_new_account_in_a_new_profile(self) -> None:
        code, out, err = await self.log_in(
            str(self.address), "--register", "--user", "李四", "--profile", "new"
        )
        profile = profiles.load(self.home, "new")
        assert profile is not None
        self.assertEqual((code, err), (0, ""))
        self.assertEqual(out, f"logged in as 李四 (id {profile.userid}) on {self.address}\n")
        self.assertEqual({mode(path) for path in profile.folder.iterdir()}, {0o600})
        kept = b"".join(path.read_bytes() for path in profile.folder.iterdir())
        self.assertNotIn(PASSWORD.encode(), kept)
        send = await self.run_it("send", str(self.bob), "hello", "--profile", "new")
        self.assertEqual(send[0], 0)

    async def test_a_refusal_keeps_nothing(self) -> None:
        for arguments, password, words in (
            (("--user", "ann"), "wrong", "wrong id, name or password"),
            (("--user", "ann", "--register"), PASSWORD, "the name ann is taken"),
            (("--user", "ann"), "", "no password"),
        ):
            code, out, err = await self.log_in(
                str(self.address), *arguments, "--profile", "new", password=password
            )
            self.assertEqual((code, out), (1, ""))
            self.assertRegex(err, rf"^chatclient login: .*{words}.*\n$")
        self.assertEqual(profiles.names(self.home), ["bob", "default"])

    async def test_again_for_a_profile_whose_tokens_are_worth_nothing(self) -> None:
        self.sql("DELETE FROM tokens")
        code, out, _ = await self.log_in()
        self.assertEqual((code, out), (0, f"logged in as ann (id {self.ann}) on {self.address}\n"))
        self.assertEqual((await self.run_it("send", str(self.bob), "hello"))[0], 0)

    async def test_a_profile_stays_with_its_account_and_server(self) -> None:
        for arguments in (("--user", "bob"), ("other.example",), ("--register", "--user", "ann")):
            code, _, err = await self.log_in(*arguments)
            self.assertEqual(code, 1)
            self.assertRegex(err, r"--profile NAME.*profile\.json\n$")

    async def test_a_password_needs_somewhere_to_come_from(self) -> None:
        code, _, err = await self.run_it("login", text="secret\n")
        self.assertEqual(code, 2)
        self.assertIn("--password-stdin", err)

    async def test_a_person_is_asked_and_the_password_not_shown(self) -> None:
        run = self.start_it_in_terminal("login", str(self.address), "--profile", "new")
        await run.shows("user id or name:")
        run.type(f"{self.ann}\r")
        await run.shows("password:")
        run.type(f"{PASSWORD}\r")
        self.assertEqual(await run.ended, 0)
        self.assertNotIn(PASSWORD.encode(), run.out)
        self.assertIn(b"logged in as ann", run.out)

    async def test_ctrl_c_at_the_password(self) -> None:
        run = self.start_it_in_terminal("login")
        await run.shows("password:")
        run.type("\x03")
        self.assertEqual(await run.ended, 130)
        self.assertNotIn(b"Traceback", run.out)


class LogoutTests(SubcommandCase):
    async def test_tokens_are_worth_nothing_afterwards(self) -> None:
        tokens = {kind: self.profile.token(kind) for kind in profiles.KINDS}
        code, out, err = await self.run_it("logout")
        self.assertEqual((code, err), (0, ""))
        self.assertEqual(out, f"logged out: ann (id {self.ann}) on {self.address}\n")
        for kind, token in tokens.items():
            self.assertIsNone(self.profile.token(kind))
            client = await self.connect()
            reply = await client.ask({"msgid": 1, "token": token})
            self.assert_errno(reply, 1)
        self.assertEqual((await self.run_it("send", str(self.bob), "x"))[0], 3)
        self.assertEqual((await self.run_it("logout"))[0], 0)

    async def test_expired_tokens_are_just_forgotten(self) -> None:
        self.sql("DELETE FROM tokens")
        self.assertEqual((await self.run_it("logout"))[0], 0)
        self.assertIsNone(self.profile.token("tail"))

    async def test_what_can_t_be_revoked_is_kept(self) -> None:
        await self.server.stopService()
        code, _, err = await self.run_it("logout")
        self.assertEqual(code, 1)
        self.assertRegex(err, "not logged out.*refuses.*try again\n$")
        self.assertIsNotNone(self.profile.token("send"))


class TlsTests(SubcommandCase):
    def start(self, **settings: Any) -> None:
        files = make_certificates(self.database.parent)
        self.authority = files.authority_file
        port = f"ssl:0:interface=127.0.0.1:privateKey={files.key}:certKey={files.certificate}"
        super().start(port=(port,), **settings)

    @property
    def address(self) -> Any:
        server = dataclasses.replace(super().address, host="localhost", tls=True)
        return dataclasses.replace(server, authority=self.authority)

    async def test_the_certificate_is_checked_and_its_authority_remembered(self) -> None:
        login: tuple[str, ...] = (
            "login",
            str(self.address),
            "--user",
            "ann",
            "--password-stdin",
            "--profile",
            "new",
        )
        code, _, err = await self.run_it(*login, text=f"{PASSWORD}\n")
        self.assertEqual(code, 1)
        self.assertRegex(err, r"certificate is not trusted \(.*verify failed\).*--ca FILE\n$")
        login += ("--ca", str(self.authority))
        by_number = [re.sub("localhost", "127.0.0.1", word) for word in login]
        code, _, err = await self.run_it(*by_number, text=f"{PASSWORD}\n")
        self.assertEqual(code, 1)
        self.assertIn("for another host", err)
        self.assertEqual((await self.run_it(*login, text=f"{PASSWORD}\n"))[0], 0)
        send = await self.run_it("send", str(self.bob), "hello", "--profile", "new")
        self.assertEqual(send, (0, "", ""))
