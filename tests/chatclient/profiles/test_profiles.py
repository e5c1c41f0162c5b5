"""What is kept of an account on this machine: where, for whose eyes, and what if not."""

from __future__ import annotations

import os
from pathlib import Path

from twisted.trial.unittest import TestCase

from chatclient import profiles
from chatclient.address import Server
from chatclient.errors import DeviceInUse, ProfileUnusable
from chatclient.profiles.folders import create
from chatclient.profiles.profile import this_machine
from tests.support.folders import temporary_folder

SERVER = Server("::1", 6443, tls=True, authority=Path("/etc/ca.pem"))


class ProfilesCase(TestCase):
    def setUp(self) -> None:
        self.home = temporary_folder(self) / "new" / "home"

    def make(self, name: str = "default") -> profiles.Profile:
        """A profile that has just been made."""
        profile = profiles.Profile(self.home / name, SERVER, 13, "zhang san", "host-ab12")
        create(profile, ((kind, f"token of {kind}") for kind in profiles.KINDS))
        return profile


class ProfileTests(ProfilesCase):
    def test_what_is_made_is_loaded(self) -> None:
        made = self.make("work")
        loaded = profiles.load(self.home, "work")
        self.assertEqual(loaded, made)
        self.assertEqual(made.token("tail"), "token of tail")
        self.assertEqual(made.device("send"), "send@host-ab12")
        self.assertEqual(profiles.names(self.home), ["work"])

    def test_there_is_none(self) -> None:
        self.assertIsNone(profiles.load(self.home, "default"))
        self.assertEqual(profiles.names(self.home), [])

    def test_nobody_else_can_open_anything(self) -> None:
        before = os.umask(0)
        self.addCleanup(os.umask, before)
        profile = self.make()
        profile.set_token("send", "new")
        modes = {path.name: path.stat().st_mode & 0o777 for path in profile.folder.iterdir()}
        self.assertEqual(
            modes,
            dict.fromkeys(("profile.json", "terminal.token", "send.token", "tail.token"), 0o600),
        )
        self.assertEqual(profile.folder.stat().st_mode & 0o777, 0o700)
        self.assertEqual(self.home.stat().st_mode & 0o777, 0o700)

    def test_a_token_that_others_can_read_is_refused(self) -> None:
        profile = self.make()
        for mode in (0o640, 0o604, 0o660):
            (profile.folder / "tail.token").chmod(mode)
            with self.assertRaisesRegex(ProfileUnusable, "chmod 600"):
                profile.token("tail")

    def test_an_open_folder_is_closed(self) -> None:
        profile = self.make()
        profile.folder.chmod(0o755)
        profiles.load(self.home, "default")
        self.assertEqual(profile.folder.stat().st_mode & 0o777, 0o700)

    def test_a_second_of_the_same_name_changes_nothing(self) -> None:
        profile = self.make()
        profile.set_token("send", "new")
        with self.assertRaises(ProfileUnusable):
            self.make()
        self.assertEqual(profile.token("send"), "new")
        self.assertEqual([path.name for path in self.home.iterdir()], ["default"])

    def test_a_damaged_file_is_told(self) -> None:
        profile = self.make()
        for text in ("", "{}", '{"host": 5}', "\udcff"):
            (profile.folder / "profile.json").write_text(text, errors="surrogateescape")
            with self.assertRaisesRegex(ProfileUnusable, r"profile\.json"):
                profiles.load(self.home, "default")

    def test_forgotten_tokens(self) -> None:
        profile = self.make()
        for _ in range(2):
            profile.forget_token("send")
            self.assertIsNone(profile.token("send"))

    def test_what_can_t_be_written_is_told(self) -> None:
        self.home.parent.write_text("a file")
        with self.assertRaises(ProfileUnusable):
            self.make()

    def test_a_device_is_held_by_one(self) -> None:
        profile = self.make()
        hold = profile.hold("tail")
        profile.hold("send").release()
        with self.assertRaisesRegex(DeviceInUse, "chatclient tail runs already"):
            profile.hold("tail")
        hold.release()
        profile.hold("tail").release()


class NameTests(ProfilesCase):
    def test_names(self) -> None:
        for name in ("default", "work", "ann@home", "李四", "a.b-c_d", "x" * 50):
            profiles.check_name(name)

    def test_no_names(self) -> None:
        for name in ("", ".", "..", "a/b", "../up", ".hidden", "-x", "a b", "x" * 51, "a\n", "a\0"):
            with self.assertRaises(ValueError, msg=repr(name)):
                profiles.load(self.home, name)

    def test_machines_differ(self) -> None:
        names = {this_machine() for _ in range(20)}
        self.assertGreater(len(names), 1)
        for name in names:
            self.assertRegex(name, r"^[0-9A-Za-z-]{1,32}-[0-9a-f]{4}$")


class HomeTests(TestCase):
    def test_what_the_environment_says(self) -> None:
        user = Path.home() / ".local" / "share" / "chatclient"
        for environment, folder in (
            ({"CHATCLIENT_HOME": "/a", "XDG_DATA_HOME": "/b"}, Path("/a")),
            ({"XDG_DATA_HOME": "/b"}, Path("/b/chatclient")),
            ({"XDG_DATA_HOME": "relative"}, user),
            ({"CHATCLIENT_HOME": ""}, user),
            ({"CHATCLIENT_HOME": "relative"}, Path.cwd() / "relative"),
        ):
            self.assertEqual(profiles.home(environment), folder)
