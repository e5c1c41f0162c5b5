"""The site is built without a warning, and every link in it leads somewhere."""

from __future__ import annotations

import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

from twisted.trial.unittest import SynchronousTestCase

from tests.docs.page import DOCS
from tests.support.folders import temporary_folder

ROOT = DOCS.parent
# What Sphinx writes besides our pages.
OWN = {"genindex", "search", "index"}
LINKS = {"a": "href", "img": "src", "link": "href", "script": "src"}


class Page(HTMLParser):
    """A page of the site: where its links lead, and what can be linked to in it."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.anchors = {""}
        self.language: str | None = None
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.anchors.add(given.get("id") or "")
        link = given.get(LINKS.get(tag, ""))
        if link:
            self.links.append(link)
        if tag == "html":
            self.language = given.get("lang")


class SiteTests(SynchronousTestCase):
    def setUp(self) -> None:
        folder = temporary_folder(self)
        self.site = folder / "site"
        done = subprocess.run(
            [sys.executable, "-m", "sphinx", "--quiet", "--fail-on-warning", "--keep-going",
             "-c", DOCS / "site", "-d", folder / "doctrees", ROOT, self.site],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )  # fmt: skip
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.pages = {path: Page(path) for path in self.site.rglob("*.html")}

    def test_links_lead_somewhere_and_each_page_is_there(self) -> None:
        self.assertEqual(
            {str(path.relative_to(self.site).with_suffix("")) for path in self.pages} - OWN,
            {str(path.relative_to(ROOT).with_suffix("")) for path in pages_of_the_repository()},
        )
        wrong = [
            f"{path.relative_to(self.site)}: {link}"
            for path, page in self.pages.items()
            for link in page.links
            if not self.leads_somewhere(path, link)
        ]
        self.assertEqual(wrong, [])
        self.assertGreater(sum(len(page.links) for page in self.pages.values()), 500)

        chinese = {path.name for path, page in self.pages.items() if page.language == "zh-CN"}
        self.assertEqual(
            chinese,
            {path.with_suffix(".html").name for path in pages_of_the_repository() if is_zh(path)},
        )

    def leads_somewhere(self, path: Path, link: str) -> bool:
        parts = urlsplit(link)
        if parts.scheme:
            return parts.scheme in ("https", "http", "mailto")
        target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
        page = self.pages.get(target)
        if page is None:
            return target.is_file() and not parts.fragment
        return unquote(parts.fragment) in page.anchors


def pages_of_the_repository() -> list[Path]:
    """All that people read."""
    patterns = ["*.md", "docs/*.md", "docs/zh/*.md", "etc/*.md"]
    return [path for pattern in patterns for path in ROOT.glob(pattern)]


def is_zh(path: Path) -> bool:
    return "zh" in path.relative_to(ROOT).with_suffix("").as_posix().replace(".", "/").split("/")
