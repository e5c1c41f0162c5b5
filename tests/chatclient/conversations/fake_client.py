"""A steady client by hand, and a server's log for it to read."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred, fail
from twisted.python.failure import Failure

from chatclient import Account, HistoryPage, Offline, Online, Sent, State, Stopped, Unsent
from chatclient.conversations.conversations import Conversations
from chatclient.errors import NotConnected
from chatserver.wire.frames import Friend, Group, GroupChatPush, OneChatPush, Push
from tests.chatclient.fake_server import TIME

ME = 13


def push(
    seq: int, text: str = "x", *, sender: int = 15, to: int = ME, **fields: Any
) -> OneChatPush:
    """A message between 13 and 15, as the server sends it."""
    common = {"name": {ME: "zhang san", 15: "li si"}.get(sender, f"name {sender}"), "conv": 7}
    return OneChatPush(id=sender, toid=to, msg=text, seq=seq, time=TIME, **{**common, **fields})


def own(seq: int, text: str = "x", **fields: Any) -> OneChatPush:
    """A message of 13 to 15 that another device of 13 has sent."""
    return push(seq, text, sender=ME, to=15, **fields)


def group_push(seq: int, text: str = "x", *, sender: int = 15, groupid: int = 2) -> GroupChatPush:
    """A message in a group."""
    return GroupChatPush(
        id=sender, name=f"name {sender}", groupid=groupid, msg=text, seq=seq, time=TIME, conv=8
    )


def account(friends: list[Friend] | None = None, groups: list[Group] | None = None) -> Account:
    """zhang san, 13, has logged in."""
    return Account(ME, "zhang san", friends or [], groups or [], "t", TIME, 0)


class FakeConnection:
    """Answers questions for the history from a log, at once or when told to."""

    def __init__(self) -> None:
        self.log: list[Push] = []
        self.asked: list[dict[str, Any]] = []
        self.is_slow = False
        self.refusals: list[Exception] = []
        self._waiting: list[tuple[Deferred[HistoryPage], dict[str, Any]]] = []

    def history(self, **question: Any) -> Deferred[HistoryPage]:
        self.asked.append({name: value for name, value in question.items() if value is not None})
        if self.refusals:
            return fail(self.refusals.pop(0))
        answer: Deferred[HistoryPage] = Deferred(lambda _: None)
        self._waiting.append((answer, question))
        if not self.is_slow:
            self.answer()
        return answer

    def answer(self) -> None:
        """Answer all that was asked."""
        waiting, self._waiting = self._waiting, []
        for answer, question in waiting:
            answer.callback(self._page(**question))

    def break_off(self) -> None:
        """The connection is lost."""
        waiting, self._waiting = self._waiting, []
        for answer, _ in waiting:
            answer.errback(NotConnected())

    def _page(
        self, toid: int | None, groupid: int | None, before: int | None, limit: int
    ) -> HistoryPage:
        known = [
            each
            for each in self.log
            if (
                each.groupid == groupid
                if isinstance(each, GroupChatPush)
                else toid in (each.id, each.toid)
            )
        ]
        found = [each for each in known if before is None or each.seq < before]
        conv = known[-1].conv if known else None
        return HistoryPage(conv, found[-limit:], len(found) > limit)


class FakeClient:
    """Takes texts, and tells what a test wants it to tell."""

    def __init__(self, conversations: Conversations) -> None:
        self.server = FakeConnection()
        self.connection: Any = None
        self.state: State = Stopped()
        self.unsent: list[Unsent] = []
        self.sent: list[Unsent] = []
        self.answers: dict[str, Deferred[Sent]] = {}
        self.is_started = False
        self.hurries = 0
        self._conversations = conversations

    def start(self) -> None:
        self.is_started = True

    def hurry(self) -> None:
        self.hurries += 1

    def stop(self) -> Deferred[None]:
        done: Deferred[None] = Deferred()
        done.callback(None)
        return done

    def chat(self, toid: int, text: str, *, cid: str | None = None) -> Deferred[Sent]:
        return self._send(Unsent(cid or "", text, toid=toid))

    def group_chat(self, groupid: int, text: str, *, cid: str | None = None) -> Deferred[Sent]:
        return self._send(Unsent(cid or "", text, groupid=groupid))

    def answer_to(self, cid: str) -> Deferred[Sent]:
        return self.answers.setdefault(cid, Deferred())

    def log_in(self, **given: Any) -> None:
        self.tell(Online(account(**given)))

    def lose(self) -> None:
        self.server.break_off()
        self.tell(Offline(NotConnected(), 1.0))

    def tell(self, state: State) -> None:
        self.connection = self.server if isinstance(state, Online) else None
        self.state = state
        self._conversations.state(state)

    def store(self, number: int, seq: int, conv: int = 7) -> None:
        """The server has stored the text that was sent so many texts ago."""
        cid = self.sent[number].cid
        self.answers[cid].callback(Sent(cid, conv, seq, TIME, False))

    def refuse(self, number: int, why: Exception) -> None:
        self.answers[self.sent[number].cid].errback(Failure(why))

    def _send(self, unsent: Unsent) -> Deferred[Sent]:
        self.sent.append(unsent)
        return self.answer_to(unsent.cid)
