"""Settings: where they come from, which wins, and what is said about a bad one."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from ipaddress import ip_network
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import TestCase

from chatserver.settings import Settings, SettingsError, help_of, load
from tests.support.folders import temporary_folder
from tests.wire.samples import property_of_many

# The table of the protocol page.
DEFAULTS = {
    "max_frame": 65536,
    "max_text": 16384,
    "rate": 500,
    "burst": 2000,
    "register_rate": 120,
    "login_failures": 5,
    "login_timeout": 60,
    "ping_interval": 240,
    "keepalive": 25,
    "send_queue": 4 * 2**20,
    "in_progress": 1000,
    "drain": 10,
    "token_days": 30,
}


class SettingsCase(TestCase):
    """A folder for the file."""

    def setUp(self) -> None:
        self.path = str(temporary_folder(self) / "chat.toml")

    def load(
        self,
        flags: Mapping[str, Any] | None = None,
        *,
        file: str | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> Settings:
        """The settings with a file of this content."""
        if file is not None:
            Path(self.path).write_text(file, encoding="utf-8")
        config = None if file is None else self.path
        return load(flags or {}, config=config, environment=environment or {})

    def refusal(self, *args: Any, **kwargs: Any) -> str:
        """The one line about what can't be used."""
        problem = self.assertRaises(SettingsError, self.load, *args, **kwargs)
        text = str(problem)
        self.assertTrue(text)
        self.assertNotIn("\n", text)
        return text


class OrderTests(SettingsCase):
    """Defaults, then the file, then the environment, then flags."""

    def test_defaults_are_those_of_the_protocol_page(self) -> None:
        settings = self.load()
        self.assertEqual({name: getattr(settings, name) for name in DEFAULTS}, DEFAULTS)
        self.assertEqual((settings.port, settings.proxies), (("6000",), ()))
        self.assertEqual(settings.database, "sqlite:///chatserver.db")

    def test_each_place_overrules_those_before_it(self) -> None:
        file = "burst = 1\nmax_text = 1\nmax_frame = 2001"
        environment = {"CHATSERVER_BURST": "2", "CHATSERVER_MAX_TEXT": "2"}
        settings = self.load({"burst": "3"}, file=file, environment=environment)
        self.assertEqual((settings.burst, settings.max_text, settings.max_frame), (3, 2, 2001))
        self.assertEqual(settings.in_progress, 1000)

    def test_every_setting_can_come_from_each_place(self) -> None:
        for field in dataclasses.fields(Settings):
            name, value = field.name, _another(field)
            expected = Settings(**{name: value})
            given = list(value) if isinstance(value, tuple) else value
            text = " ".join(map(str, value)) if isinstance(value, tuple) else str(value)
            self.assertNotEqual(expected, Settings(), name)
            flag = given if name in ("port", "web") else text
            self.assertEqual(self.load({name: flag}), expected, name)
            self.assertEqual(self.load(file=f"{name} = {_toml(value)}"), expected, name)
            variable = f"CHATSERVER_{name.upper()}"
            self.assertEqual(self.load(environment={variable: text}), expected, name)

    def test_values_have_the_type_of_their_setting(self) -> None:
        settings = self.load({"rate": "7"}, file="burst = 7.0\ndrain = 7")
        for name in ("rate", "burst", "drain"):
            self.assertIs(type(getattr(settings, name)), type(getattr(Settings(), name)), name)

    def test_the_environment_can_name_the_file(self) -> None:
        Path(self.path).write_text("burst = 9", encoding="utf-8")
        environment = {"CHATSERVER_CONFIG": self.path}
        self.assertEqual(load({}, config=None, environment=environment).burst, 9)

    def test_a_file_named_by_a_flag_overrules_that(self) -> None:
        environment = {"CHATSERVER_CONFIG": self.path + ".none"}
        self.assertEqual(self.load(file="burst = 9", environment=environment).burst, 9)

    def test_other_variables_are_none_of_its_business(self) -> None:
        environment = {"PATH": "/bin", "CHAT_BURST": "x", "chatserver_burst": "x"}
        self.assertEqual(self.load(environment=environment), Settings())

    def test_the_process_environment_is_the_usual_one(self) -> None:
        os.environ["CHATSERVER_BURST"] = "77"
        self.addCleanup(os.environ.pop, "CHATSERVER_BURST")
        self.assertEqual(load({}, config=None).burst, 77)

    def test_times_take_fractions_and_nought_switches_limits_off(self) -> None:
        settings = self.load({"drain": "0.25", "rate": "0", "login_failures": "0"})
        self.assertEqual((settings.drain, settings.rate, settings.login_failures), (0.25, 0, 0))

    def test_every_setting_has_a_help_text(self) -> None:
        for field in dataclasses.fields(Settings):
            self.assertRegex(help_of(field.name), r"^[A-Z].+\.$")


class PortTests(SettingsCase):
    """A port, or several; for the web perhaps none."""

    def test_the_web_endpoint_is_none_or_several(self) -> None:
        self.assertEqual(self.load().web, ())
        self.assertEqual(self.load(file="web = []").web, ())
        self.assertEqual(self.load(environment={"CHATSERVER_WEB": ""}).web, ())
        both = self.load(environment={"CHATSERVER_WEB": "9000 tcp:9001"})
        self.assertEqual(both.web, ("9000", "tcp:9001"))
        for file in ("web = 65536", 'web = ""', 'web = "metrics"', "web = true"):
            self.assertIn(f"{self.path}: web: ", self.refusal(file=file), file)

    def test_numbers_and_endpoint_strings(self) -> None:
        for file, expected in (
            ("port = 7000", ("7000",)),
            ('port = "7000"', ("7000",)),
            ("port = 0", ("0",)),
            ("port = 65535", ("65535",)),
            (
                'port = [7000, "tcp:7001:interface=127.0.0.1"]',
                ("7000", "tcp:7001:interface=127.0.0.1"),
            ),
            ('port = "unix:/run/a b"', ("unix:/run/a b",)),
        ):
            self.assertEqual(self.load(file=file).port, expected)

    def test_several_in_the_environment_stand_apart(self) -> None:
        settings = self.load(environment={"CHATSERVER_PORT": "7000 tcp:7001\n7002"})
        self.assertEqual(settings.port, ("7000", "tcp:7001", "7002"))

    def test_what_is_none_is_refused(self) -> None:
        for file in (
            "port = 65536", "port = -1", "port = 70.5", "port = true", 'port = ""', "port = []",
            'port = "http"', 'port = "6000x"', "port = [7000, 65536]", "port = {a = 1}",
            'port = [""]',
        ):  # fmt: skip
            self.assertIn(f"{self.path}: port: ", self.refusal(file=file), file)
        for text in ("", " ", "70000", "x", "6000,6001"):
            refusal = self.refusal(environment={"CHATSERVER_PORT": text})
            self.assertTrue(refusal.startswith("CHATSERVER_PORT: "), refusal)


class ProxiesTests(SettingsCase):
    """The addresses of trusted proxies."""

    def test_addresses_and_networks(self) -> None:
        for text, expected in (
            ("127.0.0.2", ["127.0.0.2/32"]),
            ("127.0.0.2,10.0.0.0/8", ["127.0.0.2/32", "10.0.0.0/8"]),
            (" 127.0.0.2 , ::1\tfd00::/8\n", ["127.0.0.2/32", "::1/128", "fd00::/8"]),
            ("10.0.0.0/255.0.0.0", ["10.0.0.0/8"]),
            ("", []),
            (" , ", []),
        ):
            networks = tuple(map(ip_network, expected))
            self.assertEqual(self.load({"proxies": text}).proxies, networks)
            self.assertEqual(self.load(environment={"CHATSERVER_PROXIES": text}).proxies, networks)
            self.assertEqual(self.load(file=f"proxies = {expected}").proxies, networks)

    def test_an_empty_one_overrules_the_file(self) -> None:
        settings = self.load(file='proxies = "10.0.0.1"', environment={"CHATSERVER_PROXIES": ""})
        self.assertEqual(settings.proxies, ())

    def test_what_is_none_is_refused(self) -> None:
        for text in (
            "localhost", "127.0.0", "127.0.0.2:80", "10.0.0.0/33", "10.0.0.0/", "fe80::1%lo",
            "[::1]", "127.0.0.2;127.0.0.3", "127.0.0.02", "10.0.0.1 nginx",
        ):  # fmt: skip
            refusal = self.refusal({"proxies": text})
            self.assertTrue(refusal.startswith("--proxies: must be IP addresses or networks"), text)
            self.assertIn(repr(text.split()[-1]), refusal)
        for value in ("5", "true", "1.5", "{a = 1}", "[5]", "[true]", '[["::1"]]', '["::1 ::2"]'):
            refusal = self.refusal(file=f"proxies = {value}")
            self.assertTrue(refusal.startswith(f"{self.path}: proxies: must be IP addr"), refusal)

    def test_an_address_with_a_width_is_told_its_network(self) -> None:
        self.assertEqual(
            self.refusal({"proxies": "10.1.2.3/8"}),
            "--proxies: 10.1.2.3/8 is no network; write 10.0.0.0/8 for all of it",
        )


class BadValueTests(SettingsCase):
    """One line that names the setting, where it stands, and what it takes."""

    NO_WHOLE_NUMBERS = ("x", "", "1.5", "1e3", "0x10", "nan", "inf", "9" * 5000)
    NO_NUMBERS = ("x", "", "1,5", "nan", "5s")

    def test_flags(self) -> None:
        for text in self.NO_WHOLE_NUMBERS:
            self.assertTrue(
                self.refusal({"max_frame": text}).startswith("--max-frame: must be a whole number")
            )
        for text in self.NO_NUMBERS:
            self.assertTrue(
                self.refusal({"login_timeout": text}).startswith(
                    "--login-timeout: must be a number"
                )
            )

    def test_the_environment(self) -> None:
        for name, text in [("BURST", each) for each in self.NO_WHOLE_NUMBERS] + [
            ("RATE", each) for each in self.NO_NUMBERS
        ]:
            refusal = self.refusal(environment={f"CHATSERVER_{name}": text})
            self.assertTrue(refusal.startswith(f"CHATSERVER_{name}: must be "), refusal)

    def test_the_file(self) -> None:
        for line in (
            "burst = 1.5", "burst = nan", "burst = inf", "burst = true", 'burst = "x"',
            "burst = []", "burst = 1979-05-27", "rate = true", "rate = nan", "rate = {}",
            "rate = [1]", "database = 5", 'database = ""', "database = false",
        ):  # fmt: skip
            refusal = self.refusal(file=line)
            self.assertTrue(
                refusal.startswith(f"{self.path}: {line.split()[0]}: must be "), refusal
            )

    def test_numbers_that_are_too_small_or_too_large(self) -> None:
        for name, text, bound in (
            ("max_frame", "1023", "at least 1024"),
            ("max_text", "0", "at least 1"),
            ("rate", "-0.1", "at least 0"),
            ("rate", "-inf", "at least 0"),
            ("rate", "inf", "at most 1e+12"),
            ("in_progress", "0", "at least 1"),
            ("drain", "0", "at least 0.1"),
            ("keepalive", "2.9", "at least 3"),
            ("keepalive", "43201", "at most 43200"),
            ("token_days", "365001", "at most 365000"),
            ("burst", "1" * 400, "at most 1e+12"),
        ):
            refusal = self.refusal({name: text})
            flag = "--" + name.replace("_", "-")
            self.assertEqual(refusal, f"{flag}: must be {bound}, not {text}")

    def test_numbers_at_the_edge_are_taken(self) -> None:
        for name, text in (
            ("max_frame", "1024"), ("keepalive", "3"), ("keepalive", "43200"), ("rate", "0"),
            ("token_days", "365000"), ("drain", "0.1"), ("burst", "1"), ("send_queue", "65536"),
        ):  # fmt: skip
            self.assertEqual(getattr(self.load({name: text}), name), float(text))

    def test_a_number_too_large_for_any_number(self) -> None:
        for line in (
            "burst = 1e400",
            "rate = 1e400",
            f"burst = {'9' * 400}",
            f"rate = {'9' * 400}",
        ):
            self.assertTrue(self.refusal(file=line).startswith(f"{self.path}: "))

    def test_an_unknown_name(self) -> None:
        self.assertEqual(
            self.refusal(file="brust = 1"), f"{self.path}: brust: there is no such setting"
        )
        self.assertEqual(
            self.refusal(environment={"CHATSERVER_BRUST": "1"}),
            "CHATSERVER_BRUST: there is no such setting",
        )
        self.assertIn("no such setting", self.refusal(file="[limits]\nburst = 1"))
        self.assertIn("no such setting", self.refusal(file='config = "x"'))

    def test_a_file_that_is_no_toml(self) -> None:
        for content in ("burst", "burst =", "= 1", "burst = 1\nburst = 2", f"burst = {'9' * 5000}"):
            refusal = self.refusal(file=content)
            self.assertTrue(refusal.startswith(f"the config file {self.path} is not valid TOML: "))

    def test_a_file_that_is_no_text(self) -> None:
        Path(self.path).write_bytes(b"burst = '\xff'")
        self._assert_unreadable("is not valid TOML: ")

    def test_a_file_nested_too_deeply(self) -> None:
        Path(self.path).write_text("burst = " + "[" * 5000 + "]" * 5000, encoding="utf-8")
        self._assert_unreadable("is not valid TOML: ")

    def test_a_file_that_is_not_there(self) -> None:
        self._assert_unreadable(": No such file or directory")

    def test_a_file_that_is_a_folder(self) -> None:
        Path(self.path).mkdir()
        self._assert_unreadable(": Is a directory")

    @property_of_many
    @given(
        st.sampled_from([field.name for field in dataclasses.fields(Settings)]),
        st.text() | st.integers() | st.floats() | st.booleans() | st.none() | st.lists(st.text()),
    )
    def test_no_value_at_all_ends_in_anything_else(self, name: str, value: Any) -> None:
        try:
            settings = self.load({name: value})
        except SettingsError as problem:
            self.assertIn(name.replace("_", "-"), str(problem))
        else:
            self.assertIs(type(getattr(settings, name)), type(getattr(Settings(), name)))

    def _assert_unreadable(self, why: str) -> None:
        problem = self.assertRaises(SettingsError, load, {}, config=self.path, environment={})
        self.assertIn(self.path, str(problem))
        self.assertIn(why, str(problem))
        self.assertNotIn("\n", str(problem))


def _another(field: dataclasses.Field[Any]) -> Any:
    """A valid value that is not the default."""
    default: Any = field.default
    if field.name in ("proxies", "metrics_for"):
        return (ip_network("127.0.0.2"), ip_network("fd00::/8"))
    if field.name == "web_origins":
        return ("https://chat.example", "http://localhost:8080")
    if isinstance(default, tuple):
        return ("7000", "tcp:7001")
    choices: tuple[str, ...] = field.metadata["choices"]
    if choices:
        return choices[-1]
    return default + "2" if isinstance(default, str) else default * 2


def _toml(value: Any) -> str:
    if isinstance(value, tuple):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return str(value) if isinstance(value, int | float) else f'"{value}"'
