"""Accounts and logins on a server process."""

from __future__ import annotations

from twisted.internet import reactor
from twisted.internet.endpoints import HostnameEndpoint, connectProtocol, wrapClientTLS
from twisted.internet.ssl import optionsForClientTLS

from tests.support.certificates import HOST, Certificates
from tests.support.wire import Json, WireClient, connect


async def login(port: int, account: int, **fields: object) -> tuple[WireClient, Json]:
    client = await connect(reactor, port)
    reply = await client.ask({"msgid": 1, "id": account, "password": "x", **fields})
    assert reply["errno"] == 0, reply
    return client, reply


async def register(port: int, *names: str) -> list[int]:
    client = await connect(reactor, port)
    replies = [await client.ask({"msgid": 3, "name": n, "password": "x"}) for n in names]
    await client.hang_up()
    return [reply["id"] for reply in replies]


async def connect_tls(port: int, certificates: Certificates) -> WireClient:
    """A client that checks the server's certificate."""
    client = WireClient(reactor)
    tls = optionsForClientTLS(HOST, trustRoot=certificates.authority)
    await connectProtocol(wrapClientTLS(tls, HostnameEndpoint(reactor, "127.0.0.1", port)), client)
    return client
