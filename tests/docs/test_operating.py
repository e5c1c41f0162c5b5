"""The commands of docs/operating.md do what it says."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import time
from datetime import datetime
from typing import Any

from twisted.logger import LogLevel
from twisted.trial.unittest import SynchronousTestCase

from chatserver.logs.lines import json_line, text_line
from chatserver.settings import Settings
from chatserver.tap import Options
from chatserver.tls.files import Files
from tests.docs.blocks import blocks
from tests.docs.page import DOCS
from tests.support.folders import temporary_folder

_PAGE = (DOCS / "operating.md").read_text(encoding="utf-8")


def commands(program: str) -> list[list[str]]:
    """The words of each command that the page gives for a program."""
    given = [
        shlex.split(command.text.replace("\\\n", ""))
        for block in blocks("docs/operating.md")
        for command in block.commands()
    ]
    return [words for words in given if words[0] == program]


class TlsTests(SynchronousTestCase):
    def test_a_certificate_to_try_things_with(self) -> None:
        folder = temporary_folder(self)
        [command] = commands("openssl")
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
        Files(folder / "key.pem", folder / "cert.pem", None).read(time.time())

    def test_the_ports_are_what_the_settings_take(self) -> None:
        for command in commands("twistd"):
            options = Options()
            options.parseOptions(command[command.index("chatserver") + 1 :])
            self.assertIsInstance(options.settings(), Settings)


class LogTests(SynchronousTestCase):
    """The lines that the page shows are what the server writes."""

    def setUp(self) -> None:
        [self.json] = re.findall(r'^(\{"time".*\})$', _PAGE, re.MULTILINE)
        self.shown: dict[str, Any] = json.loads(self.json)
        self.event = {
            **self.shown,
            "log_time": datetime.fromisoformat(self.shown["time"]).timestamp(),
            "log_level": LogLevel.levelWithName(self.shown["level"]),
            "log_namespace": self.shown["namespace"],
            "log_format": "account {account} logged in from {peer}, device {device!r}",
        }

    def test_for_machines(self) -> None:
        self.assertEqual(json_line(self.event), self.json + "\n")

    def test_for_people(self) -> None:
        [shown] = re.findall(r"^\S+ (\[.*\] account 7 logged in .*)$", _PAGE, re.MULTILINE)
        self.assertEqual((text_line(self.event) or "").partition(" ")[2], shown + "\n")

    def test_each_reason_for_a_close_stands_in_the_table_of_the_metrics(self) -> None:
        metrics = (DOCS / "metrics.md").read_text(encoding="utf-8")
        for reason in re.findall(r"closed after \S+ s \((.*?)\)", _PAGE):
            self.assertIn(f"| `{reason}` |", metrics)
