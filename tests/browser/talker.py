"""Clients without a browser: lines over TCP, one request at a time."""

from __future__ import annotations

import itertools
import json
import socket
from contextlib import suppress
from typing import Any

Json = dict[str, Any]
_PATIENCE = 25.0  # seconds
_names = itertools.count(1)


class Visitor:
    """A connection over TCP."""

    def __init__(self, port: int) -> None:
        self._port = port
        #: What came unasked.
        self.frames: list[Json] = []
        self._connect()

    def ask(self, request: Json) -> Json:
        """Send a request; its reply, which must not be a refusal."""
        reply = self._reply(request)
        assert reply["errno"] == 0, reply
        return reply

    def is_refused(self, request: Json) -> bool:
        """Whether a request is refused for good: errno 1."""
        return bool(self._reply(request)["errno"] == 1)

    def close(self) -> None:
        with suppress(OSError):
            self._file.close()
        self._socket.close()

    def _connect(self) -> None:
        self._socket = socket.create_connection(("127.0.0.1", self._port), _PATIENCE)
        self._file = self._socket.makefile("rw", encoding="utf-8", newline="\n")

    def _reply(self, request: Json) -> Json:
        self._file.write(json.dumps(request, ensure_ascii=False) + "\n")
        self._file.flush()
        while (frame := self._read())["msgid"] not in (2, 4, 11):
            self.frames.append(frame)
        return frame

    def _read(self) -> Json:
        line = self._file.readline()
        assert line, "the server has closed"
        frame: Json = json.loads(line)
        return frame


class Talker(Visitor):
    """An account of its own, logged in over TCP.

    :param name: what it is called; by default something that nobody else is called.
    """

    def __init__(self, port: int, name: str | None = None) -> None:
        super().__init__(port)
        self.name = name or f"talker {next(_names)}"
        self.id = int(self.ask({"msgid": 3, "name": self.name, "password": "secret"})["id"])
        self._log_in()

    def come_back(self) -> None:
        """Connect and log in again."""
        self.close()
        self._connect()
        self._log_in()

    def tell(self, to: int, text: str) -> Json:
        """Send a text to a user."""
        return self.ask({"msgid": 5, "toid": to, "msg": text})

    def tell_group(self, group: int, text: str) -> Json:
        """Send a text to a group."""
        return self.ask({"msgid": 9, "groupid": group, "msg": text})

    def create_group(self, name: str) -> int:
        """A new group's id."""
        return int(self.ask({"msgid": 7, "groupname": name})["groupid"])

    def hears(self) -> str:
        """The next text that somebody sends to it."""
        while True:
            frame = self.frames.pop(0) if self.frames else self._read()
            if frame["msgid"] in (5, 9):
                return str(frame["msg"])

    def history(self, other: int) -> list[str]:
        """The texts of the conversation with a user, the oldest first."""
        reply = self.ask({"msgid": 15, "toid": other, "limit": 200})
        return [message["msg"] for message in reply["messages"]]

    def _log_in(self) -> None:
        self.ask({"msgid": 1, "id": self.id, "password": "secret", "device": "tcp"})
