"""Folders for the files of a test."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase


def temporary_folder(test: SynchronousTestCase) -> Path:
    """A new folder, removed with all that is in it when the test is over."""
    folder = Path(tempfile.mkdtemp(prefix="chatserver-"))
    test.addCleanup(shutil.rmtree, folder, ignore_errors=True)
    return folder
