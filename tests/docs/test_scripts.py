"""docs/scripts.md: its tables are complete, and its bot is the file and answers."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from chatclient.subcommands import endings
from chatclient.subcommands.messages import KEYS
from tests.chatclient.subcommands.cases import SubcommandCase, objects
from tests.docs.page import DOCS
from tests.support.waiting import until

BOT = DOCS / "examples" / "bot.sh"
TEXT = (DOCS / "scripts.md").read_text(encoding="utf-8")


class TextTests(SynchronousTestCase):
    def test_page_shows_the_bot(self) -> None:
        [shown] = re.findall(r"```sh\n(#!.*?)```", TEXT, re.DOTALL)
        self.assertEqual(shown, BOT.read_text(encoding="utf-8"))

    def test_every_key_is_explained(self) -> None:
        table = TEXT.partition("| key | is |")[2].partition("\n\n")[0]
        keys = [re.findall(r"`(\w+)`", row.split("|")[1]) for row in table.splitlines()[2:]]
        self.assertEqual([key for row in keys for key in row], list(KEYS))

    def test_every_exit_code_is_explained(self) -> None:
        codes = {
            value for name, value in vars(endings).items() if name.isupper() and value in range(9)
        }
        self.assertEqual(
            {int(code) for code in re.findall(r"^\| (\d) \|", TEXT, re.MULTILINE)}, codes
        )


class BotTests(SubcommandCase):
    def start_bot(self) -> None:
        """Run it as the account ann."""
        programs = Path(sys.executable).parent
        bot = subprocess.Popen(
            ["sh", str(BOT)],
            env={
                **os.environ,
                "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
                "PYTHONPATH": str(DOCS.parent),
                "CHATCLIENT_HOME": str(self.home),
            },
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        self.addCleanup(bot.wait)
        self.addCleanup(os.killpg, bot.pid, signal.SIGKILL)

    async def test_it_answers(self) -> None:
        self.assertIsNotNone(shutil.which("jq"), "jq is not installed")
        self.start_bot()
        text = "你好 \"bot\" $HOME `x` \\n 'y'\n  a second line"
        await self.run_it("send", str(self.ann), text, "--profile", "bob")
        tail = self.start_it("tail", "--json", "--profile", "bob")
        await until(lambda: b"\n" in tail.out, "it has answered")
        [answer] = objects(tail.out)
        self.assertEqual((answer["from"], answer["text"]), (self.ann, f"you said: {text}"))
