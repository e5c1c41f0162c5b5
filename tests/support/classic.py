"""A database as the C++ cluster chat server has it."""

from __future__ import annotations

import json
from typing import Any

from tests.support.mariadb import mariadb

# What its readme tells to run.
_TABLES = (
    "CREATE TABLE user (id INT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(50) NOT NULL UNIQUE, "
    "password VARCHAR(50) NOT NULL, state ENUM('online', 'offline') DEFAULT 'offline')",
    "CREATE TABLE friend (userid INT NOT NULL, friendid INT NOT NULL, "
    "PRIMARY KEY (userid, friendid))",
    "CREATE TABLE allgroup (id INT PRIMARY KEY AUTO_INCREMENT, groupname VARCHAR(50) NOT NULL "
    "UNIQUE, groupdesc VARCHAR(200) DEFAULT '')",
    "CREATE TABLE groupuser (groupid INT NOT NULL, userid INT NOT NULL, "
    "grouprole ENUM('creator', 'normal') DEFAULT 'normal', PRIMARY KEY (groupid, userid))",
    "CREATE TABLE offlinemessage (userid INT NOT NULL, message VARCHAR(500) NOT NULL)",
)
TIME = "2024-03-01 08:30:05"


class ClassicChat:
    """A new one, on the tests' MariaDB.

    :param charset: of its tables.
    """

    def __init__(self, charset: str = "utf8mb4") -> None:
        self.name, self.url = mariadb().new_database()
        mariadb().execute(f"ALTER DATABASE {self.name} CHARACTER SET {charset}")
        for statement in _TABLES:
            mariadb().execute(statement, self.name)

    def run(self, statement: str, *values: object) -> None:
        mariadb().execute(statement, self.name, values)

    def user(self, id: int, name: str, password: str = "secret") -> None:
        self.run("INSERT INTO user (id, name, password) VALUES (%s, %s, %s)", id, name, password)

    def group(self, id: int, name: str, creator: int, *members: int) -> None:
        self.run("INSERT INTO allgroup VALUES (%s, %s, 'about')", id, name)
        self.run("INSERT INTO groupuser VALUES (%s, %s, 'creator')", id, creator)
        for member in members:
            self.run("INSERT INTO groupuser VALUES (%s, %s, 'normal')", id, member)

    def offline(self, user: int, **frame: Any) -> None:
        """A frame that waits for a user, as nlohmann's library writes it."""
        frame = {"name": "somebody", "time": TIME} | frame
        text = json.dumps(frame, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        self.run("INSERT INTO offlinemessage VALUES (%s, %s)", user, text)

    def chat(self, sender: int, to: int, text: str, **fields: Any) -> None:
        self.offline(to, id=sender, msg=text, msgid=5, toid=to, **fields)

    def group_chat(self, sender: int, group: int, text: str, *to: int, **fields: Any) -> None:
        for each in to:
            self.offline(each, groupid=group, id=sender, msg=text, msgid=9, **fields)
