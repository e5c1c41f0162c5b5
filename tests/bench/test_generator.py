"""The generator and the relays compile, do what each row needs, and find what is wrong."""

from __future__ import annotations

import atexit
import shutil
import sys
import tempfile
from functools import cache
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from bench.build import compiled
from bench.generator import Generator, Load, Report
from bench.people import Crowd
from bench.results import memory_per_connection
from bench.sites import OnMariaDB, OnSQLite, Relay, Site
from tests.support.folders import temporary_folder

PAIRS = Crowd(1, 12)
ACQUAINTED = Crowd(51, 10, writers=2)
GROUP = Crowd(101, 5, group=5)
LOGINS = Crowd(201, 60, friends=3, group=4, pending=2)
IDLE = Crowd(301, 40)
SERVER = "server"


@cache
def programs() -> Path:
    """A folder with the programs, for all tests of this process."""
    folder = Path(tempfile.mkdtemp(prefix="bench-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    for name in ("generator", "relay"):
        compiled(name, folder)
    return folder


@cache
def server() -> Site:
    """A running server with all accounts, for all tests of this process."""
    site = OnSQLite(programs() / "server")
    atexit.register(site.remove)
    site.start()
    for crowd in (PAIRS, ACQUAINTED, GROUP, LOGINS, IDLE):
        site.settle(crowd)
    return site


class GeneratorCase(SynchronousTestCase):
    """With a short load."""

    def setUp(self) -> None:
        self.folder = temporary_folder(self)
        self.generator = Generator(programs() / "generator", self.folder, seconds=0.2, warm_up=0.05)

    def run_on(self, site: Site, mode: str, crowd: Crowd, **options: float) -> Report:
        return self.generator.run(Load(mode, crowd, options), site)

    def assert_sane(self, report: Report, process: str = SERVER) -> None:
        self.assertEqual(report.faults, {})
        self.assertGreater(report.rate, 0)
        self.assertGreater(sum(number for _, number in report.histogram), 0)
        p50, p99, most = (report.latencies[name] for name in ("p50", "p99", "max"))
        self.assertTrue(0 < p50 <= p99 <= most * 1.04, report.latencies)
        self.assertIn(process, report.cost)
        self.assertEqual(report.busy.keys(), {*report.cost, "generator"})


class ServerTests(GeneratorCase):
    def setUp(self) -> None:
        super().setUp()
        self.site = server()

    def test_signals(self) -> None:
        self.assert_sane(self.run_on(self.site, "signal", PAIRS, pairs=4))

    def test_chats(self) -> None:
        self.assert_sane(self.run_on(self.site, "chat", PAIRS, pairs=4, window=16))

    def test_chats_again_and_with_cids(self) -> None:
        for _ in range(2):
            self.assert_sane(self.run_on(self.site, "chat", PAIRS, pairs=6, window=4, cids=1))

    def test_chats_to_offline_users(self) -> None:
        self.assert_sane(self.run_on(self.site, "offline", ACQUAINTED, pairs=2, window=8))

    def test_a_group(self) -> None:
        group = GROUP.group_of(GROUP.first)
        report = self.run_on(self.site, "group", GROUP, receivers=4, window=8, group=group)
        self.assert_sane(report)

    def test_logins(self) -> None:
        self.assert_sane(self.run_on(self.site, "login", LOGINS, at_once=5))

    def test_idle_connections(self) -> None:
        report = self.run_on(self.site, "idle", IDLE, step=20)
        self.assertEqual(report.faults, {})
        self.assertEqual([count for count, _ in report.memory], [0, 20, 40])
        self.assertIsNotNone(memory_per_connection(report))

    def test_messages_stored_before(self) -> None:
        site = OnSQLite(self.folder / "stored", stored=500)
        try:
            site.start()
            site.settle(Crowd(1, 100))
            self.assert_sane(self.run_on(site, "chat", Crowd(1, 100), pairs=50))
        finally:
            site.remove()

    def test_two_nodes(self) -> None:
        site = OnMariaDB(self.folder / "two", nodes=2)
        try:
            site.start()
            site.settle(PAIRS)
            report = self.run_on(site, "chat", PAIRS, pairs=4, window=4)
        finally:
            site.remove()
        self.assert_sane(report, "sender's node")
        self.assertEqual(
            list(report.cost), ["sender's node", "receiver's node", "mariadb", "redis"]
        )


class RelayTests(GeneratorCase):
    def relayed(self, mode: str, *command: str, window: int = 4, patience: float = 20) -> Report:
        site = Relay(self.folder / "site", command)
        try:
            site.start()
            return self.run_on(site, mode, PAIRS, pairs=4, window=window, patience=patience)
        finally:
            site.remove()

    def test_in_c(self) -> None:
        relay = str(programs() / "relay")
        self.assert_sane(self.relayed("signal", relay, window=64), "relay")

    def test_in_python(self) -> None:
        self.assert_sane(self.relayed("signal", sys.executable, "-m", "bench.relay"), "relay")

    def test_what_is_wrong_is_found(self) -> None:
        broken = [sys.executable, "-m", "tests.bench.broken_relay"]
        for fault, expected in {
            "lost": {"holes"},
            "repeated": {"repeated"},
            "swapped": {"holes", "repeated"},
            "misled": {"misled", "holes"},
            "renumbered": {"wrong_seq"},
            "refused": {"refused"},
        }.items():
            found = self.relayed("chat", *broken, fault, patience=0.5).faults
            self.assertTrue(expected <= found.keys(), f"{fault}: {found}")
