"""A browser, and servers with the page."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from selenium.webdriver import Chrome

from cluster.process import free_port
from tests.browser.browser import chromium
from tests.browser.modules import Run, run_in
from tests.browser.page import Page
from tests.browser.talker import Talker, Visitor
from tests.e2e.processes import ServerProcess

OpenPage = Callable[..., Page]
_sites = itertools.count(1)
# What a browser says of a server that is away, which is what some tests are about.
_EXPECTED = ("WebSocket connection to",)


class WebServer(ServerProcess):
    """A server with the page."""

    def __init__(self, folder: Path, *flags: str) -> None:
        self.web = free_port()
        endpoint = f"tcp:{self.web}:interface=127.0.0.1"
        super().__init__(folder, "--web", endpoint, *flags)
        self.wait_until_up()

    def visitor(self) -> Visitor:
        """A connection over TCP that is not logged in."""
        return Visitor(self.port)

    def talker(self, name: str | None = None) -> Talker:
        """A new account that is logged in over TCP."""
        return Talker(self.port, name)


@pytest.fixture(scope="session")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    """A browser for all tests of this process."""
    with chromium(tmp_path_factory.mktemp("profile")) as driver:
        yield driver


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebServer]:
    """A server for all tests that do it no harm."""
    server = WebServer(tmp_path_factory.mktemp("server"))
    yield server
    server.kill()


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[WebServer]:
    """A server that a test may stop and kill."""
    server = WebServer(tmp_path)
    yield server
    server.kill()


@contextmanager
def opener(driver: Chrome) -> Iterator[OpenPage]:
    """Opens the page of a server; afterwards the browser must not have complained.

    ``like`` is a page whose memory it shares; by default it shares none. ``first`` is a script
    that runs before the page's own.
    """
    pages: list[Page] = []

    def open_(server: WebServer, like: Page | None = None, first: str = "") -> Page:
        url = like.url if like else f"http://user{next(_sites)}.localhost:{server.web}/"
        page = Page(driver, url, first)
        pages.append(page)
        return page

    yield open_
    complaints = [complaint for page in pages for complaint in page.close()]
    assert [each for each in complaints if not any(one in each for one in _EXPECTED)] == []


@pytest.fixture
def open_page(driver: Chrome) -> Iterator[OpenPage]:
    """See :func:`opener`."""
    with opener(driver) as open_:
        yield open_


@pytest.fixture(scope="module")
def run(driver: Chrome, server: WebServer) -> Iterator[Run]:
    """Runs the body of an async function in the page; what it returns."""
    with opener(driver) as open_page:
        page = open_page(server)
        page.find("form.card")
        yield lambda script: run_in(page, script)
