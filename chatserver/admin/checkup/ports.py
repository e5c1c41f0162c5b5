"""Checks of the ports: free, or a server's already; and their certificates."""

from __future__ import annotations

import errno
import json
import os
import re
import socket
import ssl
from collections.abc import Iterator
from typing import NamedTuple

from chatserver import exposure
from chatserver.admin.checkup.findings import Finding, ok, problem, warning
from chatserver.settings import Settings
from chatserver.tls.certificates import Certificates
from chatserver.tls.endpoint import is_tls, tls_endpoint
from chatserver.tls.files import Unusable

_PATIENCE = 3.0  # seconds
_SOON = 14 * 86_400
_PORT = re.compile(r"(?:\w+:)*?(\d+)(?::|\Z)")
_INTERFACE = re.compile(r":interface=((?:\\.|[^:\\])+)")


class _Address(NamedTuple):
    """Where a port would listen; a Unix socket has no host."""

    host: str | None


class _Door(NamedTuple):
    option: str
    text: str
    host: str
    port: int


def ports(settings: Settings) -> Iterator[Finding]:
    """Each port that the server would open."""
    for option, texts in (("port", settings.port), ("web", settings.web)):
        for text in texts:
            door = _door_of(option, text)
            if door is not None and door.port:
                yield _look(door)


def exposed(settings: Settings) -> Iterator[Finding]:
    """What a start warns of."""
    addresses = {
        option: [_Address(_host_of(option, text)) for text in texts]
        for option, texts in (("port", settings.port), ("web", settings.web))
    }
    found = list(exposure.warnings(settings, addresses["port"], addresses["web"], os.geteuid()))
    for each in found:
        what, _, todo = each.partition("; ")
        yield warning(what, todo)
    if not found:
        yield ok("neither the server nor its users' traffic is open to others")


def certificates(settings: Settings) -> Iterator[Finding]:
    """Each certificate that the server would show."""
    known = Certificates()
    for text in (*settings.port, *settings.web):
        if not is_tls(text):
            continue
        try:
            tls_endpoint(text, known, None)
        except ValueError as trouble:
            yield problem(f"{text} is no endpoint: {trouble}", "see docs/operating.md, TLS")
        except Unusable as trouble:
            yield problem(
                f"port {text.split(':')[1]}: {trouble}", "renew it, or name the right files"
            )
    for certificate in known:
        days = int(certificate.remaining // 86_400)
        file = certificate.files.certificate
        if certificate.remaining < _SOON:
            yield warning(f"the certificate {file} expires in {days} days", "renew it")
        else:
            yield ok(f"the certificate {file} and its key fit, and are valid for {days} days")
        if certificate.files.is_key_open():
            key = certificate.files.key
            yield warning(f"everybody on this machine can read the key {key}", f"chmod o-r {key}")


def _door_of(option: str, text: str) -> _Door | None:
    found = _PORT.match(text)
    host = _host_of(option, text)
    if found is None or host is None:
        return None
    return _Door(option, text, host, int(found[1]))


def _host_of(option: str, text: str) -> str | None:
    """The address that an endpoint string listens on, None where it is a Unix socket."""
    if text.startswith("unix:"):
        return None
    interface = _INTERFACE.search(text)
    if interface:
        host = re.sub(r"\\(.)", r"\1", interface[1])
        return "127.0.0.1" if host == "localhost" else host
    return "127.0.0.1" if option == "web" and text.isdecimal() else "0.0.0.0"


def _look(door: _Door) -> Finding:
    family = socket.AF_INET6 if ":" in door.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((door.host, door.port))
            trial.listen(1)
        except OSError as trouble:
            if trouble.errno != errno.EADDRINUSE:
                return problem(
                    f"port {door.port} can't be opened: {trouble.strerror}",
                    f"choose another --{door.option}, or let the server open low ports "
                    "(start it as root with twistd --uid, or AmbientCapabilities= in systemd)",
                )
        else:
            return ok(f"port {door.port} is free")
    return _ask(door)


def _ask(door: _Door) -> Finding:
    """Whether it is a chat server that has a port."""
    question = b'{"msgid":13}\n' if door.option == "port" else b"GET /healthz HTTP/1.0\r\n\r\n"
    try:
        answer = _answer(door, question)
    except OSError as trouble:
        answer = str(trouble).encode()
    if door.option == "web" and b" 200 " in answer:
        return ok(f"port {door.port}: a server answers, and is well (/healthz)")
    if door.option == "web" and b" 503 " in answer:
        body = answer.rpartition(b"\r\n\r\n")[2].decode(errors="replace").strip()
        return problem(f"port {door.port}: the server is not well: {body}", "look into its log")
    if door.option == "port" and _is_pong(answer):
        return ok(f"port {door.port}: a server answers PING")
    return problem(
        f"port {door.port} is in use, and what answers there is no chat server",
        f"stop what runs there (ss -ltnp sport = :{door.port}), or choose another --{door.option}",
    )


def _answer(door: _Door, question: bytes) -> bytes:
    host = door.host if door.host not in ("", "0.0.0.0", "::") else "localhost"
    with socket.create_connection((host, door.port), _PATIENCE) as plain:
        connection = plain
        if is_tls(door.text):
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            connection = context.wrap_socket(plain)
        connection.settimeout(_PATIENCE)
        connection.sendall(question)
        answer = b""
        while data := connection.recv(65536):
            answer += data
            if door.option == "port" and b"\n" in answer:
                break
        return answer


def _is_pong(answer: bytes) -> bool:
    try:
        return bool(json.loads(answer.partition(b"\n")[0])["msgid"] == 14)
    except (ValueError, KeyError, TypeError):
        return False
