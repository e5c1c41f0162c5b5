"""The bars above and below the messages: whom one writes to, and how the connection is."""

from __future__ import annotations

import time
from collections.abc import Sequence

from rich.text import Text
from textual.timer import Timer
from textual.widgets import Static

from chatclient.conversations.conversation import Conversation
from chatclient.conversations.conversations import Conversations
from chatclient.conversations.peers import Peer, user
from chatclient.conversations.people import People
from chatclient.fullscreen.connection_line import standing
from chatclient.fullscreen.wrap import cut, width
from chatclient.language import gettext as _
from chatclient.steady.states import Offline, State, Stopped
from chatclient.terminal.visible import visible


def called(people: People, peer: Peer) -> str:
    """What to call somebody, harmless for a terminal."""
    name = people.name(peer)
    if name is not None:
        return visible(name)
    return (_("group {id}") if peer.is_group else _("user {id}")).format(id=peer.id)


class TitleBar(Static):
    """Whom one writes to, what is unread, and who one is."""

    def __init__(self) -> None:
        super().__init__(id="title")

    def show(self, conversations: Conversations) -> None:
        """Show how it is now."""
        people = conversations.people
        left = Text(" ")
        if conversations.current is not None:
            left.append(called(people, conversations.current.peer), "bold")
            left.append(f"  {_about(conversations, conversations.current)}")
        right = Text()
        if conversations.unread:
            right.append(_("unread: {count}").format(count=conversations.unread), "bold")
            right.append("  ")
        me = people.name(user(conversations.me))
        if me is not None:
            right.append(f"{visible(me)} [{conversations.me}] ")
        self.update(_line(left, right, self.size.width, spare=True))


class ConnectionBar(Static):
    """How it stands with the connection; while one is waited for, the seconds.

    :param where: the server, for people.
    """

    def __init__(self, where: str) -> None:
        super().__init__(id="connection")
        self._where = where
        self._state: State = Stopped()
        self._hints: Sequence[str] = ()
        self._question = ""
        self._until = 0.0
        self._ticking: Timer | None = None

    def on_mount(self) -> None:
        """Be ready to count."""
        self._ticking = self.set_interval(1.0, self._draw, pause=True)

    def show(self, state: State, hints: Sequence[str], question: str) -> None:
        """Show a state, with what else is to be known; or a ``question`` alone."""
        if state is not self._state and self._ticking is not None:
            self._state = state
            if isinstance(state, Offline):
                self._until = time.monotonic() + state.pause
                self._ticking.resume()
            else:
                self._ticking.pause()
        self._hints = hints
        self._question = question
        self._draw()

    def _draw(self) -> None:
        columns = self.size.width
        if self._question:
            self.update(_line(Text(f" {self._question}", "bold"), Text(), columns, spare=True))
            return
        shown = standing(self._state, self._where, self._until - time.monotonic())
        left = Text(f" {shown.sign} {shown.words}", "" if shown.is_well else "bold")
        right = Text(f"{'  '.join(self._hints) or _('F1 help')} ", "bold" if self._hints else "")
        self.update(_line(left, right, columns, spare=not self._hints))


def _about(conversations: Conversations, conversation: Conversation) -> str:
    """More of whom it is with."""
    people = conversations.people
    members = people.members(conversation.peer)
    if members:
        count = _("members: {count}").format(count=len(members))
        return f"{count}  {visible(people.groups[conversation.peer.id].groupdesc)}"
    state = people.state(conversation.peer)
    if state is None or conversations.client.connection is None:
        return ""
    return _("online") if state == "online" else _("offline")


def _line(left: Text, right: Text, columns: int, *, spare: bool) -> Text:
    """Both in one row; where there is no room, without the right one if that is to ``spare``."""
    if spare and width(left.plain) + width(right.plain) >= columns:
        right = Text()
    room = max(0, columns - width(right.plain) - bool(right))
    if width(left.plain) > room:
        left = left[: max(0, len(cut(left.plain, room)) - 1)]
        left.append("…")
    left.append(" " * (columns - width(left.plain) - width(right.plain)))
    left.append(right)
    left.no_wrap = True
    return left
