"""What pytest needs to run trial's TestCases and pytest-twisted's tests in one process."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """TestCases first: once pytest-twisted has run a test of its own, they can't run."""
    items.sort(key=lambda item: not isinstance(item.parent, pytest.Class))


@pytest.fixture(scope="session", autouse=True)
def _litter_free() -> Iterator[None]:
    """Run in a temporary folder, with this checkout's code in reach of child processes."""
    root = Path(__file__).parent.parent
    os.environ["PYTHONPATH"] = os.pathsep.join(
        filter(None, [str(root), os.environ.get("PYTHONPATH")])
    )
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            yield
        finally:
            os.chdir(before)
