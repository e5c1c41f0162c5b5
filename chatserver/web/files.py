"""The chat page: files that belong to the program, served from memory."""

from __future__ import annotations

import mimetypes
from collections.abc import Iterator
from hashlib import sha256
from importlib.resources import files
from importlib.resources.abc import Traversable

from twisted.web.http import CACHED
from twisted.web.server import Request

from chatserver.web.answers import Page

_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".webmanifest": "application/manifest+json",
    ".svg": "image/svg+xml",
}
_INDEX = "index.html"


class File(Page):
    """A file of the page."""

    isLeaf = True

    def __init__(self, name: str, content: bytes) -> None:
        super().__init__()
        suffix = "." + name.rpartition(".")[2]
        guessed = mimetypes.guess_type(name)[0] or "application/octet-stream"
        self._type = _TYPES.get(suffix, guessed)
        self._content = content
        # Weak, as a proxy may compress the file on its way.
        self._tag = b'W/"%s"' % sha256(content).hexdigest()[:32].encode()

    def render_GET(self, request: Request) -> bytes:
        request.setHeader("content-type", self._type)
        # It may be kept, but has to be asked for: so a new page never runs with old parts.
        request.setHeader("cache-control", "no-cache")
        if request.setETag(self._tag) is CACHED:
            return b""
        request.setHeader("content-length", str(len(self._content)))
        return b"" if request.method == b"HEAD" else self._content


def page_files() -> dict[str, File]:
    """All files of the page by their paths; the empty one is the page itself."""
    found = {path: File(path, content) for path, content in _walk(files("chatserver.web") / "page")}
    found[""] = found[_INDEX]
    return found


def _walk(folder: Traversable, prefix: str = "") -> Iterator[tuple[str, bytes]]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _walk(entry, f"{prefix}{entry.name}/")
        else:
            yield f"{prefix}{entry.name}", entry.read_bytes()
