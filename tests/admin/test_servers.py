"""Asking servers, of which some answer in strange ways."""

from __future__ import annotations

import threading
import time

from twisted.trial.unittest import SynchronousTestCase

from chatserver.admin.commands import CannotDo
from chatserver.admin.servers import Refusal, Servers
from chatserver.orders import Answer, Kicked, NotDone, TellState, encode
from chatserver.store.direct import DirectDatabase, at_once
from chatserver.store.engines import engine_of
from chatserver.store.orders import Orders
from tests.support.folders import temporary_folder


class ServerTests(SynchronousTestCase):
    """Servers."""

    def setUp(self) -> None:
        self.url = f"sqlite:///{temporary_folder(self) / 'chat.db'}"
        engine_of(self.url).prepare()
        self.database = DirectDatabase(engine_of(self.url))
        self.addCleanup(self.database.close)
        self.servers = Servers(self.database)

    def will_answer(self, *parts: str) -> None:
        """Let a server answer the next order with these parts."""
        thread = threading.Thread(target=self._answer, args=parts)
        thread.start()
        self.addCleanup(thread.join)

    def _answer(self, *parts: str) -> None:
        with DirectDatabase(engine_of(self.url)) as database:
            orders = Orders(database, "node")
            while not (ids := at_once(orders.ids())):
                time.sleep(0.01)
            for number, part in enumerate(parts):
                is_last = number == len(parts) - 1
                at_once(orders.answer(next(iter(ids)), number, part, is_last=is_last))

    def asked(self) -> list[Answer]:
        return list(self.servers.ask(TellState()))

    def test_all_parts_are_told_and_nothing_is_left(self) -> None:
        parts: list[Answer] = [Kicked(server="s", sessions=number) for number in range(120)]
        self.will_answer(*map(encode, parts))
        self.assertEqual(self.asked(), parts)
        self.assertEqual(at_once(Orders(self.database, "").ids()), set())

    def test_what_it_can_not_do_is_told(self) -> None:
        self.will_answer(encode(NotDone(server="s", why="of the weather", is_final=True)))
        problem = self.assertRaises(Refusal, self.asked)
        self.assertIn("of the weather", str(problem))
        self.assertTrue(problem.is_final)

    def test_another_version_is_told_of(self) -> None:
        self.will_answer('{"answer":"danced","server":"s"}')
        self.assertIn("another version", str(self.assertRaises(CannotDo, self.asked)))
        self.assertEqual(at_once(Orders(self.database, "").ids()), set())
