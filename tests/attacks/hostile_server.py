"""What a server might send to harm its clients; the same for a seed."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from typing import Any, TypeVar

from tests.attacks.grammar import NUMBERS, OTHERS, TEXTS

Json = dict[str, Any]
T = TypeVar("T")

_TIMES = (
    "2026-11-23T03:45:12.345Z", "2026-11-23", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999Z",
    "2026-11-23T03:45:12+23:59", "soon", "", "\x1b[2J", "2026-W01-1", "20261123T034512",
)  # fmt: skip
_USER: Json = {"id": 2, "name": "li", "state": "online"}
_GROUP: Json = {
    "id": 3,
    "groupname": "g",
    "groupdesc": "d",
    "users": [{**_USER, "role": "creator"}],
}
_ONE_CHAT: Json = {"msgid": 5, "id": 2, "name": "li", "toid": 1, "msg": "x", "conv": 1, "seq": 1}
_GROUP_CHAT: Json = {"msgid": 9, "id": 2, "name": "li", "groupid": 1, "msg": "x", "conv": 2}
_TIMED: Json = {"time": "2026-11-23T03:45:12.345Z"}
_REPLY: Json = {"msgid": 11, "errno": 0}
_LOGIN: Json = {"msgid": 2, "errno": 0, "id": 1, "name": "me", "friends": [_USER]}
#: One of each kind of frame that there is.
FRAMES: tuple[Json, ...] = (
    {**_LOGIN, "groups": [_GROUP], "token": "t", "expires": "x", "pending": 1},
    {"msgid": 2, "errno": 1, "errmsg": "no"},
    {"msgid": 4, "errno": 0, "id": 1},
    {**_ONE_CHAT, **_TIMED},
    {**_GROUP_CHAT, **_TIMED, "seq": 1},
    {**_REPLY, "re": 5, "conv": 1, "seq": 1, **_TIMED},
    {**_REPLY, "re": 6, "friend": _USER},
    {**_REPLY, "re": 7, "groupid": 1},
    {**_REPLY, "re": 8, "groupid": 1, "group": _GROUP},
    {**_REPLY, "re": 10},
    {**_REPLY, "re": 15, "conv": 1, "messages": [{**_ONE_CHAT, **_TIMED}], "more": True},
    {"msgid": 11, "re": 18, "errno": 107, "errmsg": "no", "retry_after": 1.5},
    {"msgid": 11, "errno": 100, "errmsg": "no"},
    {"msgid": 13, "t": 1},
    {"msgid": 14, "t": 1},
    {"msgid": 16, "id": 2, "state": "offline"},
    {"msgid": 17, "reason": "slow", "retry_after": 1.0},
    {"msgid": 18, "id": 2, "toid": 1, "data": {"a": [1]}},
    {"msgid": 99, "new": True},
)


_TERMINATORS = (*[b"\n"] * 60, b"\r\n", b"\n\n", b"\0\n", b"")


class HostileServer:
    """Makes frames, in bytes, with or without an end."""

    def __init__(self, seed: str) -> None:
        self._random = random.Random(seed)

    def frame(self, reqs: Sequence[int]) -> bytes:
        """A frame that may answer one of the requests whose msgids these are: req 1, 2 …"""
        frame = json.loads(json.dumps(self._random.choice(FRAMES)))
        asked = {2: 1, 4: 3, 14: 13}.get(frame["msgid"], frame.get("re"))
        if asked in reqs:
            frame["req"] = reqs.index(asked) + 1
        if "seq" in frame:
            frame["seq"] = self._random.randint(1, 20)
        if self._chance(0.3):
            self._spoil(frame)
        data = json.dumps(frame, ensure_ascii=self._chance(0.5)).encode("utf-8", "surrogatepass")
        return self._mutated(data) if self._chance(0.03) else data

    def terminator(self) -> bytes:
        """Mostly the right one."""
        return self._random.choice(_TERMINATORS)

    def _spoil(self, value: Any) -> None:
        """Put something wild into an object, or into an object in it."""
        inner = [part for part in value.values() if isinstance(part, dict)]
        inner += [one for part in value.values() if isinstance(part, list) for one in part]
        inner = [part for part in inner if isinstance(part, dict)]
        if inner and self._chance(0.5):
            self._spoil(self._random.choice(inner))
            return
        name = self._random.choice([*value, "errno", "req", "msgid"])
        if self._chance(0.2):
            value.pop(name, None)
        elif name in ("time", "expires"):
            value[name] = self._random.choice(_TIMES)
        else:
            value[name] = self._random.choice(self._random.choice((NUMBERS, TEXTS, OTHERS)))

    def _mutated(self, frame: bytes) -> bytes:
        data = bytearray(frame)
        at = self._random.randrange(len(data))
        data[at : at + self._random.randint(0, 3)] = self._random.randbytes(
            self._random.randint(0, 2)
        )
        return bytes(data)

    def _chance(self, probability: float) -> bool:
        return self._random.random() < probability
