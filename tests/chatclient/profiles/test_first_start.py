"""Making a profile with a real server."""

from __future__ import annotations

from typing import Any

from twisted.internet.error import ConnectError

from chatclient import profiles
from chatclient.address import Server
from chatclient.errors import AuthorityUnusable, ProfileUnusable
from chatserver.errors import Refused
from tests.server.messages import chat
from tests.support.certificates import make_certificates
from tests.support.folders import temporary_folder
from tests.support.servers import PASSWORD, ServerCase, reactor


class FirstStartCase(ServerCase):
    def setUp(self) -> None:
        super().setUp()
        self.home = temporary_folder(self) / "home"

    @property
    def address(self) -> Server:
        """Where the server is."""
        return Server("127.0.0.1", self.port)

    async def first_start(self, account: int | str, **options: Any) -> profiles.Profile:
        options = {"server": self.address, "password": PASSWORD, **options}
        return await profiles.first_start(reactor, self.home, "default", account=account, **options)


class FirstStartTests(FirstStartCase):
    async def test_each_device_has_a_token_of_its_own(self) -> None:
        account = self.add_account("ann")
        profile = await self.first_start("ann")
        self.assertEqual((profile.userid, profile.name), (account, "ann"))
        self.assertEqual(profiles.load(self.home, "default"), profile)
        for kind in profiles.KINDS:
            client = await self.connect()
            token, device = profile.token(kind), profile.device(kind)
            reply = await client.ask({"msgid": 1, "token": token, "device": device})
            self.assertEqual(reply["errno"], 0, reply)

    async def test_a_new_account(self) -> None:
        profile = await self.first_start("7", register=True)
        self.assertEqual(profile.name, "7")
        with self.assertRaises(Refused):
            await profiles.first_start(
                reactor, self.home, "other", self.address,
                account="7", password=PASSWORD, register=True,
            )  # fmt: skip

    async def test_nothing_missed_counts_as_received(self) -> None:
        account = self.add_account()
        _, ann = await self.user()
        await ann.ask(chat(account, "missed"))
        profile = await self.first_start(account)
        for kind in profiles.KINDS:
            _, reply = await self.login(account, device=profile.device(kind))
            self.assertEqual(reply["pending"], 1, kind)

    async def test_what_fails_leaves_nothing(self) -> None:
        account = self.add_account()
        with self.assertRaises(Refused):
            await self.first_start(account, password="wrong")
        nobody = Server("127.0.0.1", 1)
        with self.assertRaises(ConnectError):
            await self.first_start(account, server=nobody)
        self.assertEqual(profiles.names(self.home), [])

    async def test_a_second_profile_of_the_name_is_refused_before_anything_happens(self) -> None:
        await self.first_start(self.add_account("ann"))
        with self.assertRaises(ProfileUnusable):
            await self.first_start("bob", register=True)
        self.assertEqual(self.sql("SELECT name FROM accounts"), [("ann",)])


class LogInAgainTests(FirstStartCase):
    async def test_new_tokens_but_for_what_others_hold(self) -> None:
        profile = await self.first_start(self.add_account())
        before = {kind: profile.token(kind) for kind in profiles.KINDS}
        held = [profile.hold("tail"), profile.hold("terminal")]
        await profiles.log_in_again(reactor, profile, PASSWORD, "terminal")
        for hold in held:
            hold.release()
        changed = {kind for kind in profiles.KINDS if profile.token(kind) != before[kind]}
        self.assertEqual(changed, {"terminal", "send"})

    async def test_a_wrong_password_changes_nothing(self) -> None:
        profile = await self.first_start(self.add_account())
        before = profile.token("send")
        with self.assertRaises(Refused):
            await profiles.log_in_again(reactor, profile, "wrong", None)
        self.assertEqual(profile.token("send"), before)
        profile.hold("send").release()


class TlsTests(FirstStartCase):
    def start(self, **settings: Any) -> None:
        self.files = make_certificates(self.database.parent)
        port = (
            f"ssl:0:interface=127.0.0.1"
            f":privateKey={self.files.key}:certKey={self.files.certificate}"
        )
        super().start(port=(port,), **settings)

    async def test_the_certificate_is_checked(self) -> None:
        account = self.add_account()
        trusting = Server("localhost", self.port, tls=True, authority=self.files.authority_file)
        for wrong in (
            Server("localhost", self.port, tls=True),
            Server("127.0.0.1", self.port, tls=True, authority=self.files.authority_file),
        ):
            with self.assertRaises(Exception) as caught:
                await self.first_start(account, server=wrong)
            self.assertNotIsInstance(caught.exception, ProfileUnusable)
        profile = await self.first_start(account, server=trusting)
        loaded = profiles.load(self.home, "default")
        assert loaded is not None
        self.assertEqual(loaded.server, trusting)
        await profiles.log_in_again(reactor, profile, PASSWORD, None)

    async def test_an_authority_without_certificates_is_told(self) -> None:
        for file in (self.files.key, self.home / "none.pem"):
            server = Server("localhost", self.port, tls=True, authority=file)
            with self.assertRaisesRegex(AuthorityUnusable, file.name):
                await self.first_start(1, server=server)
