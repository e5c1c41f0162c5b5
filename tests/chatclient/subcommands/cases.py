"""Running subcommands as processes, with a real server and profiles of their own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from chatclient import profiles
from chatclient.address import Server
from tests.chatclient.program import Run, TerminalRun, start_program, start_program_in_terminal
from tests.support.folders import temporary_folder
from tests.support.servers import PASSWORD, ServerCase, reactor


class SubcommandCase(ServerCase):
    """``ann`` has the profile "default", and ``bob`` the profile "bob"."""

    async def setUp(self) -> None:  # type: ignore[override]
        super().setUp()
        self.home = temporary_folder(self)
        self.ann = self.add_account("ann")
        self.bob = self.add_account("bob")
        self.profile = await self.make_profile("default", self.ann)
        self.bobs = await self.make_profile("bob", self.bob)

    @property
    def address(self) -> Server:
        """Where the server is."""
        return Server("127.0.0.1", self.port)

    async def make_profile(self, name: str, account: int) -> profiles.Profile:
        """A new profile of an account."""
        return await profiles.first_start(
            reactor, self.home, name, self.address, account=account, password=PASSWORD
        )

    def start_it(self, *arguments: str, **env: str) -> Run:
        """Start the program with these profiles; its input is open."""
        return start_program(self, Run(), arguments, self._environment(env))

    def start_it_in_terminal(self, *arguments: str, **env: str) -> TerminalRun:
        """Start it in a pseudo-terminal."""
        return start_program_in_terminal(self, arguments, self._environment(env))

    async def run_it(self, *arguments: str, text: str = "", **env: str) -> tuple[int, str, str]:
        """Its exit code, output and errors, with the text for its input."""
        run = self.start_it(*arguments, **env)
        run.type(text)
        run.end_input()
        code = await run.ended
        return code, run.out.decode(), run.err.decode()

    def stored(self) -> list[str]:
        """All texts that the server has, in order."""
        return [text for (text,) in self.sql("SELECT body FROM messages ORDER BY sent, seq")]

    def _environment(self, env: dict[str, str]) -> dict[str, str]:
        return {"CHATCLIENT_HOME": str(self.home), **env}


def objects(out: bytes) -> list[dict[str, Any]]:
    """The JSON objects of an output, one a line."""
    return [json.loads(line) for line in out.decode().splitlines()]


def mode(path: Path) -> int:
    """Who may do what with a file."""
    return path.stat().st_mode & 0o777
