"""Answers in plain words."""

from __future__ import annotations

from typing import Any

from twisted.web.http import NOT_ALLOWED, NOT_FOUND
from twisted.web.resource import IResource, Resource
from twisted.web.server import Request


class Words(Resource):
    """Answers every request with a status and a sentence.

    :param headers: more of them, by name.
    """

    isLeaf = True

    def __init__(self, status: int, sentence: str, **headers: str) -> None:
        super().__init__()
        self.status = status
        self._sentence = sentence
        self._headers = headers

    def render(self, request: Request) -> bytes:
        request.setResponseCode(self.status)
        request.setHeader("content-type", "text/plain; charset=utf-8")
        request.setHeader("cache-control", "no-store")
        for name, value in self._headers.items():
            request.setHeader(name.replace("_", "-"), value)
        return b"" if request.method == b"HEAD" else f"{self._sentence}\n".encode()


_READING = (b"GET", b"HEAD")
_ONLY_READ = Words(NOT_ALLOWED, "this address can only be read: GET, HEAD", allow="GET, HEAD")


def nothing_here() -> Words:
    """The answer where no page is."""
    return Words(NOT_FOUND, "there is nothing at this address; the chat page is at /")


class Page(Resource):
    """A page with nothing below it, which is only read."""

    def getChild(self, path: bytes, request: Request) -> IResource:  # noqa: ARG002
        return nothing_here()

    def render(self, request: Request) -> Any:
        return super().render(request) if request.method in _READING else _ONLY_READ.render(request)
