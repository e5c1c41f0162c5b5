"""Messages, millions of them, put into the log of an SQLite database before a server runs on it."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from chatserver.store.engines import engine_of
from cluster.process import NotStarted

_PAIRS = 50
_TEXT = 100  # characters
_ROOM = 400  # bytes for each on the disk, meanwhile

_FILL = f"""
WITH RECURSIVE numbers (seq) AS (SELECT 1 UNION ALL SELECT seq + 1 FROM numbers WHERE seq < ?)
INSERT INTO messages (conversation, seq, sender, device, sent, cid, body)
SELECT ?, seq, ?, ?, 0, printf('#stored.%08d', seq), printf('%.{_TEXT}c', 'x') FROM numbers
"""


def fill(database: Path, count: int) -> None:
    """Make the conversations of pairs (1 and 51, 2 and 52 …) with so many messages together.

    All of them have reached the receivers' devices.

    :raises NotStarted: there is no room for them.
    """
    if shutil.disk_usage(database.parent).free < count * _ROOM:
        raise NotStarted(f"{count:,} messages need {count * _ROOM / 1e9:.1f} GB of free disk")
    engine_of(f"sqlite:///{database}").prepare()
    pairs = [(id, id, id + _PAIRS) for id in range(1, _PAIRS + 1)]
    last = count // _PAIRS
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.executemany("INSERT INTO conversations (id, low, high) VALUES (?, ?, ?)", pairs)
        for column in ("low", "high"):
            connection.execute(
                "INSERT INTO members (account, conversation, joined, role) "
                f"SELECT {column}, id, 0, 'normal' FROM conversations"
            )
        connection.execute(
            "INSERT INTO cursors (device, conversation, seq) SELECT high, id, ? FROM conversations",
            (last,),
        )
        # One after the other: rows come in the order of both keys, which makes it quick.
        connection.executemany(_FILL, [(last, id, low, low) for id, low, _ in pairs])
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
