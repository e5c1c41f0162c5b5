"""How much of a long log the store reads: what is asked for, however much there is."""

from __future__ import annotations

from typing import Any

import MySQLdb
from twisted.trial.unittest import SynchronousTestCase

from chatserver.store.engines import engine_of
from chatserver.store.messages import select_last_seqs
from chatserver.store.rosters import Rosters
from chatserver.store.welcomes import select_welcomes
from tests.support.mariadb import mariadb

CONVERSATIONS = range(1, 21)
MESSAGES = 500  # in each
DEVICE, ACCOUNT = 9, 7


class ReadTests(SynchronousTestCase):
    """On MariaDB, which counts the rows that it reads."""

    def setUp(self) -> None:
        name, url = mariadb().new_database()
        engine = engine_of(url)
        engine.prepare()
        self.connection = MySQLdb.connect(
            unix_socket=str(mariadb().socket), user="root", db=name, charset="utf8mb4"
        )
        self.addCleanup(self.connection.close)
        self.cursor = engine.adapt(self.connection.cursor())
        for conversation in CONVERSATIONS:
            self.cursor.execute("INSERT INTO conversations (id) VALUES (?)", (conversation,))
            self.cursor.execute(
                "INSERT INTO members VALUES (?, ?, 0, 'normal')", (ACCOUNT, conversation)
            )
            self.cursor.execute(
                "INSERT INTO cursors VALUES (?, ?, ?, 0)", (DEVICE, conversation, MESSAGES - 2)
            )
            self.cursor.executemany(
                "INSERT INTO messages VALUES (?, ?, 1, 1, 0, ?, 'hi')",
                [(conversation, n, f"{conversation} {n}") for n in range(1, MESSAGES + 1)],
            )
        self.cursor.execute("ANALYZE TABLE messages, members, cursors")
        self.cursor.fetchall()
        self.connection.commit()

    def rows_read(self) -> int:
        """What this connection has read since the last question."""
        self.cursor.execute("SHOW SESSION STATUS LIKE ?", ("Handler_read%",))
        read = sum(int(count) for _, count in self.cursor.fetchall())
        self.cursor.execute("FLUSH STATUS")
        return read

    def assert_reads_little(self, read: Any) -> None:
        self.rows_read()
        read()
        self.assertLess(self.rows_read(), 20 * len(CONVERSATIONS))

    def test_where_a_device_stands(self) -> None:
        def read() -> None:
            guests, nothing = [(ACCOUNT, DEVICE)], Rosters(0).known
            [welcome], _ = select_welcomes(self.cursor, "LENGTH(m.body)", guests, nothing)
            backlogs = welcome.standing.backlogs
            self.assertEqual([backlog.missed for backlog in backlogs], [2] * 20)

        self.assert_reads_little(read)

    def test_the_last_seqs_of_many_conversations(self) -> None:
        def read() -> None:
            seqs = select_last_seqs(self.cursor, CONVERSATIONS)
            self.assertEqual(seqs, dict.fromkeys(CONVERSATIONS, MESSAGES))

        self.assert_reads_little(read)
