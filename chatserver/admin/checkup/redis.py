"""Checks of Redis."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress

from chatserver.admin.checkup.databases import clock
from chatserver.admin.checkup.findings import Finding, either, ok, problem, warning
from chatserver.bus.redis_probe import RedisProbe, RedisRefused, round_trip
from chatserver.settings import Settings
from chatserver.store.direct import DirectDatabase, at_once
from chatserver.store.engines import engine_of
from chatserver.store.facts import select_chat_id

_OLDEST = (6, 2)


def redis(settings: Settings) -> Iterator[Finding]:
    """Whether nodes can hear each other by it."""
    if not settings.redis:
        return
    try:
        with RedisProbe(settings.redis) as probe:
            probe.ask("PING")
            yield ok("Redis is reachable and lets this program in")
            yield from _own(probe)
    except RedisRefused as trouble:
        yield problem(f"Redis can't be used: {trouble}", _todo(str(trouble)))
        return
    with DirectDatabase(engine_of(settings.database)) as database:
        chat = at_once(database.read(select_chat_id))
    try:
        round_trip(lambda: RedisProbe(settings.redis), chat)
        yield ok(f"what is published is heard (chat {chat})")
    except RedisRefused as trouble:
        yield problem(
            f"publishing and subscribing don't work: {trouble}",
            "let the user publish and subscribe on chatserver:* (etc/redis/chatserver.conf)",
        )


def _own(probe: RedisProbe) -> Iterator[Finding]:
    """What it says of itself, as far as this user may ask."""
    with suppress(RedisRefused):
        info = probe.ask("INFO", "server").decode()
        version = dict(line.split(":", 1) for line in info.split("\r\n") if ":" in line)
        text = version["redis_version"]
        number = tuple(map(int, text.split(".")[:2]))
        yield either(
            number >= _OLDEST,
            f"Redis is version {text}",
            warning(f"Redis is version {text}", "install Redis 6.2 or newer"),
        )
    with suppress(RedisRefused):
        seconds, micros = probe.ask("TIME")
        yield clock("Redis", int(seconds) + int(micros) / 1e6 - time.time())
    with suppress(RedisRefused):
        found = probe.ask("CONFIG", "GET", "client-output-buffer-limit")
        limits = found[1].decode().partition("pubsub ")[2].split()
        yield either(
            limits[0] != "0",
            "Redis cuts off a node that hangs",
            warning(
                "Redis sets no limit to what waits for a node that hangs, and may run out of "
                "memory",
                "set client-output-buffer-limit pubsub 64mb 16mb 10 (etc/redis/chatserver.conf)",
            ),
        )


def _todo(why: str) -> str:
    if "WRONGPASS" in why or "NOAUTH" in why or "AUTH" in why:
        return "put the right user and password into --redis: redis://USER:PASSWORD@HOST:PORT"
    return "see that it runs, that it listens for this host, and that --redis is right"
