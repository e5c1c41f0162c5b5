"""The command line of ``twistd chatserver``."""

from __future__ import annotations

import dataclasses
import io
import os
import resource
import stat
import sys
from contextlib import redirect_stdout
from ipaddress import ip_network
from pathlib import Path
from typing import Any, cast

from twisted.application.service import IService
from twisted.trial.unittest import TestCase

from chatserver import __version__
from chatserver.app import ChatServer
from chatserver.settings import Settings, help_of
from chatserver.tap import Options, makeService
from tests.support.folders import temporary_folder


class OptionsCase(TestCase):
    """An environment without settings."""

    def setUp(self) -> None:
        self.folder = temporary_folder(self)
        before = dict(os.environ)
        for name in list(os.environ):
            if name.startswith("CHATSERVER_"):
                del os.environ[name]

        def restore() -> None:
            os.environ.clear()
            os.environ.update(before)

        self.addCleanup(restore)
        # A start takes as many open files as it may.
        files = resource.RLIMIT_NOFILE
        self.addCleanup(resource.setrlimit, files, resource.getrlimit(files))

    def settings(self, *arguments: str) -> Settings:
        options = Options()
        options.parseOptions(list(arguments))
        return options.settings()

    def refusal(self, *arguments: str, twistd: dict[str, Any] | None = None) -> str:
        """The one line with which the start ends.

        :param twistd: the options of twistd itself.
        """

        def start() -> None:
            options = Options()
            options.parent = cast(Any, twistd)
            options.parseOptions(list(arguments))
            makeService(options)

        problem: Any = self.assertRaises(SystemExit, start)
        text = str(problem.code)
        self.assertTrue(text.startswith("chatserver: "), text)
        self.assertNotIn("\n", text)
        self.assertNotIn("Traceback", text)
        return text


class FlagTests(OptionsCase):
    """Every setting is a flag."""

    def test_without_flags_all_is_as_the_defaults_say(self) -> None:
        self.assertEqual(self.settings(), Settings())

    def test_every_setting_is_a_flag(self) -> None:
        for field in dataclasses.fields(Settings):
            value: Any = field.default
            value = ("7000",) if field.name in ("port", "web") else value
            value = (ip_network("fd00::/8"),) if field.name in ("proxies", "metrics_for") else value
            value = ("https://chat.example",) if field.name == "web_origins" else value
            value = value + "2" if isinstance(value, str) else value
            value = "json" if field.name == "log_format" else value
            value = value * 2 if isinstance(value, int | float) else value
            text = str(value[0]) if isinstance(value, tuple) else str(value)
            flag = "--" + field.name.replace("_", "-")
            expected = Settings(**{field.name: value})
            self.assertNotEqual(expected, Settings())
            self.assertEqual(self.settings(flag, text), expected)
            self.assertEqual(self.settings(f"{flag}={text}"), expected)

    def test_the_port_may_be_given_repeatedly(self) -> None:
        settings = self.settings("--port", "7000", "-p", "tcp:7001:interface=127.0.0.1")
        self.assertEqual(settings.port, ("7000", "tcp:7001:interface=127.0.0.1"))

    def test_flags_overrule_the_environment_and_that_the_file(self) -> None:
        file = self.folder / "chat.toml"
        file.write_text("burst = 1\nmax_text = 1\nport = 1\nmax_frame = 3000")
        os.environ.update(
            CHATSERVER_BURST="2", CHATSERVER_MAX_TEXT="2", CHATSERVER_CONFIG=str(file)
        )
        for arguments in (("--config", str(file)), ("-c", str(file)), ()):
            settings = self.settings("--burst", "3", "--port", "3", *arguments)
            self.assertEqual((settings.burst, settings.max_text), (3, 2))
            self.assertEqual((settings.port, settings.max_frame), (("3",), 3000))

    def test_the_version(self) -> None:
        out = io.StringIO()
        with redirect_stdout(out):
            problem: Any = self.assertRaises(SystemExit, self.settings, "--version")
        self.assertEqual(problem.code, 0)
        self.assertEqual(out.getvalue(), f"chatserver {__version__}\n")


class LogTests(OptionsCase):
    def test_json_is_not_for_what_is_no_file(self) -> None:
        for twistd in ({"syslog": True, "logger": None}, {"syslog": False, "logger": print}):
            refusal = self.refusal("--log-format", "json", twistd=twistd)
            self.assertIn("leave out twistd's own --syslog and --logger", refusal)

    def test_other_formats_are_unknown(self) -> None:
        self.assertIn("must be text or json", self.refusal("--log-format", "xml"))


class HelpTests(OptionsCase):
    """What --help says."""

    def setUp(self) -> None:
        super().setUp()
        os.environ["COLUMNS"] = "100"
        self.help = str(Options())
        self.words = " ".join(self.help.split())

    def test_every_setting_is_in_it_with_its_text_and_its_default(self) -> None:
        for field in dataclasses.fields(Settings):
            flag = "--" + field.name.replace("_", "-") + "="
            self.assertEqual(self.help.count(f" {flag}"), 1, flag)
            if field.name != "port":
                is_float = isinstance(field.default, float)
                default = f"{field.default:g}" if is_float else field.default
                default = "none" if default == () else default
                text = f"{help_of(field.name)} [{default}]"
                self.assertIn(text.replace(" ", ""), self.words.replace(" ", ""))
        self.assertIn("may be given repeatedly. [6000]", self.words)

    def test_it_says_how_else_settings_are_given(self) -> None:
        for word in ("--config=", "TOML", "CHATSERVER_MAX_FRAME", "max_frame ="):
            self.assertIn(word, self.words)

    def test_it_fits_a_terminal(self) -> None:
        for line in self.help.splitlines():
            self.assertLessEqual(len(line), 100, line)


class RefusalTests(OptionsCase):
    """A wrong option ends the start with one line."""

    def test_an_unknown_option(self) -> None:
        text = self.refusal("--prot", "6000")
        self.assertIn("prot", text)
        self.assertIn("--help", text)

    def test_an_option_without_its_value(self) -> None:
        self.assertIn("port", self.refusal("--port"))

    def test_an_argument_that_belongs_to_no_option(self) -> None:
        self.assertIn("--help", self.refusal("6000"))

    def test_a_bad_value(self) -> None:
        self.assertIn("--burst: must be a whole number, not 'x'", self.refusal("--burst", "x"))
        os.environ["CHATSERVER_BURST"] = "y"
        self.assertIn("CHATSERVER_BURST: must be", self.refusal())

    def test_a_bad_port(self) -> None:
        self.assertIn("--port", self.refusal("--port", "99999"))
        self.assertIn("nonsense:1", self.refusal("--port", "nonsense:1"))

    def test_a_config_file_that_is_not_there(self) -> None:
        self.assertIn("/no/such/file", self.refusal("--config", "/no/such/file"))

    def test_a_database_that_can_not_be_used(self) -> None:
        text = self.refusal("--database", f"sqlite:///{self.folder}/none/chat.db")
        self.assertIn("No such file or directory", text)
        self.assertIn("'nosql:x'", self.refusal("--database", "nosql:x"))

    def test_a_wrong_port_leaves_no_database_behind(self) -> None:
        path = self.folder / "chat.db"
        self.refusal("--database", f"sqlite:///{path}", "--port", "nonsense:1")
        self.assertFalse(path.exists())


class ServiceTests(OptionsCase):
    """What twistd gets."""

    def test_a_service_on_a_database_that_is_ready(self) -> None:
        path = self.folder / "chat.db"
        options = Options()
        options.parseOptions(["--database", f"sqlite:///{path}", "--port", "0"])
        service = makeService(options)
        self.assertIsInstance(service, ChatServer)
        self.assertTrue(IService.providedBy(service))
        self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600)

    def test_the_plugin_names_this_module(self) -> None:
        module = "twisted.plugins.chatserver_plugin"
        __import__(module)
        plugin: Any = sys.modules[module]
        self.assertEqual(plugin.chatserver.tapname, "chatserver")
        self.assertIs(plugin.chatserver.options, Options)
        self.assertIs(plugin.chatserver.makeService, makeService)

    def test_nothing_is_left_in_the_current_folder(self) -> None:
        before = set(Path.cwd().iterdir())
        self.test_a_service_on_a_database_that_is_ready()
        self.assertEqual(set(Path.cwd().iterdir()), before)
