"""How the C++ client takes the server's frames apart, and what it needs to find in them."""

from __future__ import annotations

import json
from typing import Any

LONGEST = 1024  # one recv of that client, with the NUL

Json = dict[str, Any]


def received(data: bytes) -> Json:
    """The object in one recv; a second one in it would be lost."""
    if len(data) > LONGEST:
        raise AssertionError(f"{len(data)} bytes in a recv")
    if data.find(b"\0") != len(data) - 1:
        raise AssertionError(f"not one frame: {data!r}")
    return _object(data[:-1].decode())


def login(data: bytes) -> Json:
    """A login reply with what stands in strings parsed, as that client does."""
    reply = received(data)
    _need(reply, errno=int)
    if reply["errno"] != 0:
        _need(reply, errmsg=str)
        return reply
    _need(reply, id=int, name=str)
    for name in ("friends", "groups", "offlinemsg"):
        if name in reply:
            reply[name] = [_object(text) for text in reply[name]]
    for friend in reply.get("friends", ()):
        _need(friend, id=int, name=str, state=str)
    for group in reply.get("groups", ()):
        _need(group, id=int, groupname=str, groupdesc=str, users=list)
        group["users"] = [_object(text) for text in group["users"]]
        for user in group["users"]:
            _need(user, id=int, name=str, state=str, role=str)
    for message in reply.get("offlinemsg", ()):
        _need_chat(message)
    return reply


def chat(data: bytes) -> Json:
    """A pushed chat."""
    message = received(data)
    _need_chat(message)
    return message


def _need_chat(message: Json) -> None:
    _need(message, msgid=int, id=int, name=str, msg=str, time=str)
    if message["msgid"] != 5:
        _need(message, groupid=int)


def _need(value: Json, **kinds: type) -> None:
    for name, kind in kinds.items():
        if type(value.get(name)) is not kind:
            raise AssertionError(f"{name} is no {kind.__name__} in {value}")


def _object(text: object) -> Json:
    if not isinstance(text, str):
        raise AssertionError(f"no string: {text!r}")
    value = json.loads(text)
    if not isinstance(value, dict):
        raise AssertionError(f"no object: {text}")
    return value
