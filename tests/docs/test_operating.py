"""The commands of docs/operating.md do what it says."""

from __future__ import annotations

import re
import shlex
import subprocess
import time

from twisted.trial.unittest import SynchronousTestCase

from chatserver.settings import Settings
from chatserver.tap import Options
from chatserver.tls.files import Files
from tests.docs.page import DOCS
from tests.support.folders import temporary_folder

_PAGE = (DOCS / "operating.md").read_text(encoding="utf-8")


def commands(program: str) -> list[list[str]]:
    """The words of each command that the page gives for a program."""
    found = re.findall(rf"^    ({program} (?:.*\\\n)*.*)$", _PAGE, re.MULTILINE)
    return [shlex.split(command.replace("\\\n", "")) for command in found]


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
