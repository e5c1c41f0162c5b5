"""docs/client.md: its program is the file and does what the page says; its tables are complete."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import Any, get_args

from twisted.internet import reactor as installed_reactor
from twisted.trial.unittest import TestCase

import chatclient
from tests.docs.client_process import ClientProcess
from tests.docs.page import DOCS
from tests.support.folders import temporary_folder
from tests.support.servers import PASSWORD, ServerCase

reactor: Any = installed_reactor
PAGE = DOCS / "client.md"
PROGRAM = DOCS / "examples" / "steady.py"


class TextTests(TestCase):
    def test_page_shows_the_file(self) -> None:
        (shown,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
        self.assertEqual(shown, PROGRAM.read_text(encoding="utf-8"))

    def test_every_state_is_explained(self) -> None:
        told = re.findall(r"^\| `(\w+)\((.*?)\)`", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
        self.assertEqual(
            dict(told),
            {state.__name__: ", ".join(state.__slots__) for state in get_args(chatclient.State)},
        )

    def test_every_name_in_code_exists(self) -> None:
        text = re.sub(r"```.*?```", "", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)
        known = {*dir(chatclient), *dir(chatclient.SteadyClient), *dir(chatclient.Sent)}
        known |= set(chatclient.SteadyClient.__init__.__annotations__)
        names = set(re.findall(r"`(?:SteadyClient\.)?(\w+)(?:\(.*?\))?`", text))
        known |= {"state", *chatclient.Offline.__slots__}
        self.assertEqual(names - known, {"chatclient", "retry_after"})


class ProgramTests(ServerCase):
    def run_program(self, name: str, folder: Path) -> ClientProcess:
        program = ClientProcess()
        arguments = ["127.0.0.1", str(self.port), name, PASSWORD, str(folder / name)]
        reactor.spawnProcess(
            program,
            sys.executable,
            [sys.executable, str(PROGRAM), *arguments],
            env={
                **os.environ,
                "PYTHONIOENCODING": "utf-8",
                "PYTHONUNBUFFERED": "1",
                "PYTHONPATH": str(Path(chatclient.__file__).parent.parent),
            },
        )
        self.addCleanup(program.kill)
        return program

    async def test_two_chat_through_deaths_of_the_server_and_a_program(self) -> None:
        folder = temporary_folder(self)
        ann_id, bob_id = await self.register("ann"), await self.register("bob")
        ann, bob = self.run_program("ann", folder), self.run_program("bob", folder)
        await ann.prints("Online")
        await bob.prints("Online")
        ann.type(f"{bob_id} 你好")
        await ann.prints("Sent")
        await bob.prints(f"{ann_id} ann: 你好")
        ann.type("999 x")
        await ann.prints("no user has this id")

        port = self.port
        await self.server.stopService()
        await ann.prints("Offline")
        ann.type(f"{bob_id} written while the server was away")
        self.start(port=(f"tcp:{port}:interface=127.0.0.1",))
        await ann.prints("Sent")
        await bob.prints(f"{ann_id} ann: written while the server was away")

        await bob.kill()
        ann.type(f"{bob_id} written while bob was away")
        await ann.prints("Sent")
        bob = self.run_program("bob", folder)
        await bob.prints(f"{ann_id} ann: written while bob was away")
        self.assertNotIn(f"{ann_id} ann: 你好", bob.lines)

    async def test_ctrl_c_ends_it_in_good_order(self) -> None:
        folder = temporary_folder(self)
        await self.register("ann")
        ann = self.run_program("ann", folder)
        await ann.prints("Online")
        ann.transport.signalProcess("INT")
        self.assertEqual(await ann.ended, 0, ann.errors)
        self.assertEqual(ann.errors, b"")
        self.assertEqual([path.name for path in folder.iterdir()], ["ann"])
