"""The requests of the lines dialect, as the tests send them."""

from __future__ import annotations

from typing import Any

from tests.support.servers import PASSWORD
from tests.support.wire import Json

MAX_ID = 2**53 - 1
NOBODY = MAX_ID - 7  # an id that no user, group or conversation has
WRONG = "not the password"


def login(account: int, **fields: Any) -> Json:
    return {"msgid": 1, "id": account, "password": PASSWORD, **fields}


def by_token(token: str, **fields: Any) -> Json:
    return {"msgid": 1, "token": token, **fields}


def register(name: Any, **fields: Any) -> Json:
    return {"msgid": 3, "name": name, "password": PASSWORD, **fields}


def chat(toid: Any, msg: Any = "hello", **fields: Any) -> Json:
    return {"msgid": 5, "toid": toid, "msg": msg, **fields}


def add_friend(friendid: Any, **fields: Any) -> Json:
    return {"msgid": 6, "friendid": friendid, **fields}


def create_group(groupname: Any, **fields: Any) -> Json:
    return {"msgid": 7, "groupname": groupname, **fields}


def add_group(groupid: Any, **fields: Any) -> Json:
    return {"msgid": 8, "groupid": groupid, **fields}


def group_chat(groupid: Any, msg: Any = "hello", **fields: Any) -> Json:
    return {"msgid": 9, "groupid": groupid, "msg": msg, **fields}


def loginout(**fields: Any) -> Json:
    return {"msgid": 10, **fields}


def ack(conv: Any, seq: Any, **fields: Any) -> Json:
    return {"msgid": 12, "conv": conv, "seq": seq, **fields}


def ping(**fields: Any) -> Json:
    return {"msgid": 13, **fields}


def history(**fields: Any) -> Json:
    return {"msgid": 15, **fields}


def signal(data: Any = "typing", **fields: Any) -> Json:
    return {"msgid": 18, "data": data, **fields}
