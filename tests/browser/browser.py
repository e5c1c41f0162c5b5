"""Chromium without a screen, driven by selenium."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from selenium.webdriver import Chrome
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service

from cluster.process import program

_FLAGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1280,800",
    "--accept-lang=en-GB",
]


@contextmanager
def chromium(profile: Path) -> Iterator[Chrome]:
    """A browser that keeps what it knows in a folder, which may be one that an earlier one left."""
    options = Options()
    options.binary_location = program("chromium", "chromium")
    for flag in [*_FLAGS, f"--user-data-dir={profile}"]:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    service = Service(program("chromedriver", "chromium-driver"))
    driver = Chrome(options=options, service=service)
    try:
        yield driver
    finally:
        driver.quit()
