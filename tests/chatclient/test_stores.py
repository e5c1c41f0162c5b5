"""The homes of what a steady client keeps."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from twisted.trial.unittest import TestCase

import chatclient
from chatclient import DiskStore, MemoryStore, Store, StoreUnusable, Unsent
from tests.support.folders import temporary_folder

_ROOT = str(Path(chatclient.__file__).parent.parent)
TEXTS = [
    Unsent("c", "你好 😀\0\r\n", toid=2**53 - 1),
    Unsent("a", "x" * 16384, groupid=2),
    Unsent("b", "", toid=15),
]


class StoreContract:
    """What every home does."""

    def check(self, test: TestCase, store: Store) -> None:
        test.assertEqual((store.unsent(), store.positions()), ([], {}))
        for unsent in TEXTS:
            store.put(unsent)
        test.assertEqual(store.unsent(), TEXTS)
        store.remove("a")
        test.assertEqual([unsent.cid for unsent in store.unsent()], ["c", "b"])
        store.note(7, 3)
        store.note(7, 2)
        store.note(8, 1)
        test.assertEqual(store.positions(), {7: 3, 8: 1})
        store.claim(13)
        store.claim(13)
        with test.assertRaises(StoreUnusable):
            store.claim(14)


class MemoryTests(TestCase):
    def test_contract(self) -> None:
        StoreContract().check(self, MemoryStore())


class DiskTests(TestCase):
    def setUp(self) -> None:
        self.path = temporary_folder(self) / "chat.db"

    def open(self) -> DiskStore:
        store = DiskStore(self.path)
        self.addCleanup(store.close)
        return store

    def refusal(self, path: Path) -> str:
        with self.assertRaises(StoreUnusable) as caught:
            DiskStore(path)
        return str(caught.exception)

    def run_program(self, program: str) -> subprocess.CompletedProcess[str]:
        """Run a program with the file's path as its argument."""
        return subprocess.run(
            [sys.executable, "-c", program, str(self.path)],
            env={**os.environ, "PYTHONPATH": _ROOT},
            capture_output=True,
            text=True,
            check=False,
        )

    def test_contract(self) -> None:
        StoreContract().check(self, self.open())

    def test_all_survives_a_restart(self) -> None:
        store = self.open()
        StoreContract().check(self, store)
        store.close()
        self.assertEqual([path.name for path in self.path.parent.iterdir()], ["chat.db"])
        again = DiskStore(str(self.path))
        self.addCleanup(again.close)
        self.assertEqual([unsent.cid for unsent in again.unsent()], ["c", "b"])
        self.assertEqual(again.positions(), {7: 3, 8: 1})
        again.put(Unsent("later", "x", toid=1))
        self.assertEqual([unsent.cid for unsent in again.unsent()], ["c", "b", "later"])
        with self.assertRaises(StoreUnusable) as caught:
            again.claim(14)
        self.assertIn(f"{self.path} belongs to account 13", str(caught.exception))

    def test_texts_and_positions_survive_kill_9(self) -> None:
        program = (
            "import os, signal, sys\n"
            "from chatclient import DiskStore, Unsent\n"
            "store = DiskStore(sys.argv[1])\n"
            "for number in range(10): store.put(Unsent(str(number), 'x', toid=1))\n"
            "store.remove('3')\n"
            "store.note(7, 5)\n"
            "os.kill(os.getpid(), signal.SIGKILL)\n"
        )
        done = self.run_program(program)
        self.assertEqual(done.returncode, -9, done.stderr)
        store = self.open()
        cids = [unsent.cid for unsent in store.unsent()]
        self.assertEqual(cids, [str(number) for number in range(10) if number != 3])
        self.assertEqual(store.positions(), {7: 5})

    def test_only_its_owner_may_read_it(self) -> None:
        self.open().put(TEXTS[0])
        paths = sorted(self.path.parent.iterdir())
        self.assertEqual([path.name for path in paths], ["chat.db", "chat.db-wal"])
        for path in paths:
            self.assertEqual(path.stat().st_mode & 0o077, 0, path)

    def test_one_program_at_a_time(self) -> None:
        self.open().close()
        self.open()
        done = self.run_program("import sys, chatclient; chatclient.DiskStore(sys.argv[1])")
        says = f"{self.path} is in use by another program; stop that, or choose another file"
        self.assertIn(f"StoreUnusable: {says}", done.stderr)
        self.assertEqual(self.refusal(self.path), says)

    def test_it_is_locked_from_the_beginning(self) -> None:
        self.open()
        self.assertIn("in use", self.refusal(self.path))
        self.path = self.path.with_name("other.db")
        self.open().close()
        self.open()
        self.assertIn("in use", self.refusal(self.path), "also where nothing has to be made")

    def test_a_damaged_file(self) -> None:
        self.path.write_bytes(b"This is no database. " * 500)
        self.assertRegex(self.refusal(self.path), "chat.db is damaged .*; move it away")
        self.path.unlink()
        store = self.open()
        for number in range(200):
            store.put(Unsent(str(number), "x" * 500, toid=1))
        store.close()
        whole = self.path.read_bytes()
        self.path.write_bytes(whole[: len(whole) // 2])
        self.assertRegex(self.refusal(self.path), "chat.db is damaged .*; move it away")
        for page in range(0, len(whole), 4096):
            self.path.write_bytes(whole[:page] + b"x" * 4096 + whole[page + 4096 :])
            self.assertRegex(self.refusal(self.path), "chat.db is damaged .*; move it away")
        self.path.write_bytes(whole)
        self.open()

    def test_a_file_of_another_program(self) -> None:
        with closing(sqlite3.connect(self.path)) as other:
            other.execute("CREATE TABLE notes (note)")
        before = self.path.read_bytes()
        self.assertIn("belongs to another program", self.refusal(self.path))
        self.assertEqual(self.path.read_bytes(), before)

    def test_a_file_of_a_newer_version(self) -> None:
        self.open().close()
        with closing(sqlite3.connect(self.path)) as other:
            other.execute("PRAGMA user_version = 99")
        self.assertIn("newer version", self.refusal(self.path))

    def test_a_folder_that_is_missing_or_none(self) -> None:
        self.path.write_text("")
        for path in (self.path / "chat.db", self.path.with_name("missing") / "chat.db"):
            refusal = self.refusal(path)
            self.assertIn(f"{path} can't be used (", refusal)
            self.assertIn("see that its folder exists", refusal)
        self.assertIn("Is a directory", self.refusal(self.path.parent))

    def test_a_full_disk(self) -> None:
        program = (
            "import resource, sys\n"
            "from chatclient import DiskStore, StoreUnusable, Unsent\n"
            "store = DiskStore(sys.argv[1])\n"
            "resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, -1))\n"
            "kept = 0\n"
            "try:\n"
            "    while True:\n"
            "        store.put(Unsent(str(kept), 'x' * 10_000, toid=1))\n"
            "        kept += 1\n"
            "except StoreUnusable as problem:\n"
            "    print(kept, problem)\n"
        )
        done = self.run_program(program)
        self.assertEqual(done.returncode, 0, done.stderr)
        kept, _, problem = done.stdout.partition(" ")
        self.assertGreater(int(kept), 0)
        self.assertIn("can't be used", problem)
        self.assertEqual(len(self.open().unsent()), int(kept))
