"""Asking a Redis things, one after the other, without a reactor."""

from __future__ import annotations

import secrets
import socket
import ssl
from collections.abc import Callable
from types import TracebackType
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

import hiredis

_PORT = 6379
_PATIENCE = 3.0  # seconds


class RedisRefused(Exception):
    """Redis can't be reached, or answered with an error; the text is its own."""


class RedisProbe:
    """A connection to the Redis of a URL, logged in.

    :raises RedisRefused: there is none, or it doesn't let this program in.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._reader = hiredis.Reader()
        try:
            self._socket = _connected(parts)
        except OSError as problem:
            raise RedisRefused(problem.strerror or str(problem)) from None
        try:
            if parts.password:
                names = [unquote(parts.username)] if parts.username else []
                self.ask("AUTH", *names, unquote(parts.password))
            if parts.path.removeprefix("/"):
                self.ask("SELECT", parts.path.removeprefix("/"))
        except BaseException:
            self._socket.close()
            raise

    def __enter__(self) -> RedisProbe:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._socket.close()

    def ask(self, *words: str) -> Any:
        """The answer to a command.

        :raises RedisRefused: it is an error, or there is none in time.
        """
        self.send(*words)
        return self.next()

    def send(self, *words: str) -> None:
        """Give a command without waiting."""
        try:
            self._socket.sendall(_packed(words))
        except OSError as problem:
            raise RedisRefused(str(problem)) from None

    def next(self) -> Any:
        """The next answer, or message."""
        while (answer := self._reader.gets()) is False:
            try:
                data = self._socket.recv(65536)
            except OSError as problem:
                raise RedisRefused(f"no answer ({problem})") from None
            if not data:
                raise RedisRefused("it closed the connection")
            self._reader.feed(data)
        if isinstance(answer, Exception):
            raise RedisRefused(str(answer))
        return answer


def round_trip(connect: Callable[[], RedisProbe], chat_id: str) -> None:
    """Publish something on a channel of a chat, and hear it.

    :raises RedisRefused: that was not possible.
    """
    channel, text = f"chatserver:{chat_id}:doctor", secrets.token_hex(8)
    with connect() as listener, connect() as speaker:
        listener.ask("SUBSCRIBE", channel)
        speaker.ask("PUBLISH", channel, text)
        if listener.next()[2] != text.encode():
            raise RedisRefused("something else was heard than was published")


def _packed(words: Any) -> bytes:
    return bytes(hiredis.pack_command(words))


def _connected(parts: SplitResult) -> socket.socket:
    options = dict(parse_qsl(parts.query))
    host = parts.hostname or "127.0.0.1"
    if "unix_socket" in options:
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(_PATIENCE)
        connection.connect(options["unix_socket"])
    else:
        connection = socket.create_connection((host, parts.port or _PORT), _PATIENCE)
    if parts.scheme == "rediss":
        context = ssl.create_default_context(cafile=options.get("ca"))
        if "cert" in options:
            context.load_cert_chain(options["cert"], options.get("key"))
        return context.wrap_socket(connection, server_hostname=host)
    return connection
