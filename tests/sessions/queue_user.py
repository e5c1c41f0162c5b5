"""A queue of requests with handlers that the test finishes itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from chatserver.sessions.requests import Desk, RequestQueue, Turn
from chatserver.sessions.session import Session
from chatserver.wire.codec import Rejected
from chatserver.wire.requests import Request


class FakeOutbox:
    """Takes the answers of requests that overtake, and counts who wants quiet."""

    def __init__(self) -> None:
        self.replies: list[tuple[bytes, ...]] = []
        self.calls: list[str] = []
        self.is_congested = False

    def reply(self, frames: tuple[bytes, ...]) -> None:
        self.replies.append(frames)
        self.calls.append("reply")

    def hush(self) -> None:
        self.calls.append("hush")

    def unhush(self) -> None:
        self.calls.append("unhush")


class QueueUser:
    """A queue as a session has it, with handlers that the test finishes itself.

    It stands for the session and for the desk.
    """

    def __init__(self, limit: int = 1000) -> None:
        self.outbox = FakeOutbox()
        self.is_closing = False
        self.begun: list[Turn] = []
        self.reading: list[bool] = []
        self.set_reading = self.reading.append
        self.on_run: Callable[[Turn], None] = lambda turn: None
        self.requests = RequestQueue(cast(Desk, self), limit)

    @property
    def answers(self) -> list[bytes]:
        """What was answered, frame by frame."""
        return [frame for frames in self.outbox.replies for frame in frames]

    def turn(self, request: Request | Rejected, **options: Any) -> Turn:
        return Turn(cast(Session, self), request, **options)

    def put(self, *requests: Request | Rejected) -> list[Turn]:
        turns = [self.turn(request) for request in requests]
        for turn in turns:
            self.requests.put(turn)
        return turns

    def run(self, turn: Turn) -> None:
        self.begun.append(turn)
        self.on_run(turn)
