"""usage: login.py PORT: register and log in at a chat server that is just starting."""

import json
import socket
import sys
import time
from typing import BinaryIO


def connect(port: int, seconds: float = 20) -> socket.socket:
    deadline = time.monotonic() + seconds
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=seconds)
        except ConnectionRefusedError:
            if time.monotonic() > deadline:
                sys.exit(f"nothing listens on port {port} after {seconds} s")
            time.sleep(0.1)


def ask(stream: BinaryIO, request: dict[str, object], answer: int) -> dict[str, object]:
    stream.write(json.dumps(request).encode() + b"\n")
    stream.flush()
    line = stream.readline()
    reply: dict[str, object] = json.loads(line or b"{}")
    if reply.get("msgid") != answer or reply.get("errno") != 0:
        sys.exit(f"{request} was answered {line!r}")
    return reply


def main() -> None:
    account = {"name": "ci", "password": "secret"}
    with connect(int(sys.argv[1])) as sock, sock.makefile("rwb") as stream:
        registered = ask(stream, {"msgid": 3, **account}, answer=4)
        logged_in = ask(stream, {"msgid": 1, **account}, answer=2)
    if not registered.get("id") or registered["id"] != logged_in.get("id"):
        sys.exit(f"registered as {registered}, logged in as {logged_in}")


main()
