"""The command measures, writes down what it measured, and shows it again."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from bench.rows import C_RELAY
from tests.support.folders import temporary_folder

_ROOT = Path(__file__).parents[2]


def bench(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bench", *words],
        env=os.environ | {"PYTHONPATH": str(_ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


class MainTests(SynchronousTestCase):
    def test_measures_a_row_and_shows_it_again(self) -> None:
        folder = temporary_folder(self)
        done = bench(
            *("--row", "h", "--site", C_RELAY, "--folder", str(folder)),
            *("--seconds", "0.2", "--warm-up", "0.1", "--rounds", "2"),
        )
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        [file] = folder.glob("*.json")
        told = json.loads(file.read_text())
        self.assertEqual([one["round"] for one in told["measurements"]], [0, 1])
        self.assertIn("processor", told["machine"])
        shown = done.stdout.partition("\n\n|")[2]
        self.assertIn("faults: none", shown)
        again = bench("--row", "h", "--results", str(file))
        self.assertEqual(again.stdout, "\n|" + shown)

    def test_the_page_is_only_for_all_rows(self) -> None:
        done = bench("--row", "h", "--document")
        self.assertEqual(done.returncode, 2)
        self.assertIn("all rows", done.stderr)
