"""A queue of requests with handlers that the test finishes itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from chatserver.sessions.requests import RequestQueue, Turn
from chatserver.sessions.session import Session
from chatserver.wire.codec import Rejected
from chatserver.wire.requests import Request


class FakeOutbox:
    """Takes the answers of requests that overtake, and counts who wants quiet."""

    def __init__(self) -> None:
        self.replies: list[tuple[bytes, ...]] = []
        self.calls: list[str] = []

    def reply(self, frames: tuple[bytes, ...]) -> None:
        self.replies.append(frames)
        self.calls.append("reply")

    def hush(self) -> None:
        self.calls.append("hush")

    def unhush(self) -> None:
        self.calls.append("unhush")


class QueueUser:
    """A queue as a session has it, with handlers that the test finishes itself."""

    def __init__(self, limit: int = 1000) -> None:
        self.outbox = FakeOutbox()
        self.has_room = True
        self.begun: list[Turn] = []
        self.answers: list[bytes] = []
        self.reading: list[bool] = []
        self.run: Callable[[Turn], None] = lambda turn: None
        self.requests = RequestQueue(
            limit,
            run=self._run,
            answer=lambda frames: self.answers.extend(frames),
            may_run=lambda: self.has_room,
            reading=self.reading.append,
        )

    def turn(self, request: Request | Rejected, **options: Any) -> Turn:
        return Turn(cast(Session, self), request, **options)

    def put(self, *requests: Request | Rejected) -> list[Turn]:
        turns = [self.turn(request) for request in requests]
        for turn in turns:
            self.requests.put(turn)
        return turns

    def _run(self, turn: Turn) -> None:
        self.begun.append(turn)
        self.run(turn)
