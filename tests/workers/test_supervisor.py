"""Several workers: with which settings they can be, and what each gets."""

from __future__ import annotations

import os
from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from chatserver.app import CannotListen
from chatserver.settings import Settings, SettingsError
from chatserver.workers.number import number_of_workers
from chatserver.workers.supervisor import Workers
from tests.workers.test_worker import FakeReactor

_SHARED: dict[str, Any] = {
    "workers": 2,
    "database": "mysql://chat@db/chat",
    "redis": "redis://redis",
}


class RefusalTests(SynchronousTestCase):
    """Settings that are not fit for several processes."""

    def refusal(self, **settings: Any) -> str:
        problem = self.assertRaises(
            SettingsError, Workers, Settings(**{**_SHARED, **settings}), Clock()
        )
        self.assertTrue(str(problem).startswith("--workers: "))
        self.assertNotIn("\n", str(problem))
        return str(problem)

    def test_a_database_of_one_process(self) -> None:
        text = self.refusal(database="sqlite:///chat.db")
        self.assertIn("2 processes need a MySQL or MariaDB (--database mysql://...)", text)
        self.assertNotIn("redis", text)

    def test_no_redis(self) -> None:
        text = self.refusal(redis="")
        self.assertIn("a Redis (--redis redis://...)", text)
        self.assertNotIn("mysql", text)

    def test_neither(self) -> None:
        text = self.refusal(redis="", database="sqlite:///chat.db")
        self.assertIn("a MySQL or MariaDB (--database mysql://...) and a Redis (", text)

    def test_ports_that_can_not_be_shared(self) -> None:
        for name in ("port", "web"):
            for port in ("unix:/run/chat", "systemd:domain=INET:index=0", "0", "tcp:0"):
                self.assertIn(repr(port), self.refusal(**{name: (port,)}))


class PortTests(SynchronousTestCase):
    """What the workers open."""

    def setUp(self) -> None:
        self.reactor = FakeReactor()

    def test_a_port_that_is_none_is_found_before_anything_starts(self) -> None:
        settings = Settings(**_SHARED, port=("ssl:1:privateKey=none:certKey=none",))
        problem = self.assertRaises(CannotListen, Workers, settings, self.reactor)
        self.assertIn("ssl:1", str(problem))


class NumberTests(SynchronousTestCase):
    def test_nought_is_one_for_each_core_that_this_process_may_use(self) -> None:
        self.assertEqual(number_of_workers(Settings(workers=0)), len(os.sched_getaffinity(0)))
        self.assertEqual(number_of_workers(Settings(workers=7)), 7)
        self.assertEqual(number_of_workers(Settings()), 1)
