"""The main screen: list, messages, connection line, input."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.screen import Screen
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionClosed

from chatclient.conversations.conversation import Conversation
from chatclient.conversations.conversations import Conversations
from chatclient.conversations.timeline import Message
from chatclient.fullscreen.bars import ConnectionBar, TitleBar, called
from chatclient.fullscreen.commands import COMMANDS, obey, text_of
from chatclient.fullscreen.completion import Completion, complete
from chatclient.fullscreen.conversation_list import ConversationList, Entry
from chatclient.fullscreen.help_screen import HelpScreen
from chatclient.fullscreen.input_box import InputBox, Surroundings
from chatclient.fullscreen.looks import DEFAULT, LOOKS
from chatclient.fullscreen.message_pane import MessagePane, head_of
from chatclient.fullscreen.rows import Notice
from chatclient.language import gettext as _
from chatclient.reasons import reason
from chatclient.steady.states import LoginRefused, Offline, Replaced
from chatclient.terminal.commands import BadCommand
from chatclient.terminal.visible import visible
from chatserver.errors import ChatError

Leave = Callable[[], Coroutine[Deferred[Any], Any, None]]

_WIDE = 64  # columns from which on there is room for the list


class ChatScreen(Screen[None]):
    """Everything a person sees who is logged in.

    :param where: the server, for people.
    :param on_login: asks for the password, as the server refuses the token.
    :param on_logout: logs out, and leads away from here.
    :param on_leave: ends the program.
    """

    def __init__(
        self,
        conversations: Conversations,
        where: str,
        *,
        on_login: Leave,
        on_logout: Leave,
        on_leave: Callable[[], None],
    ) -> None:
        super().__init__()
        self.conversations = conversations
        self._look = look = LOOKS.get(conversations.keeper.look, LOOKS[DEFAULT])
        self._on_login = on_login
        self._on_logout = on_logout
        self._end_program = on_leave
        self._list = ConversationList(look, self._choose)
        self._pane = MessagePane(look, self.changed)
        self._title_bar = TitleBar()
        self._connection_bar = ConnectionBar(where)
        self._input = InputBox(
            Surroundings(
                submit=self._submit,
                complete=self._complete,
                inputs=lambda: conversations.keeper.inputs,
                keys=self._keys(),
                any_key=self._typed,
            )
        )
        self._notices: dict[Conversation | None, list[Notice]] = {}
        self._before: Conversation | None = None
        self._shows_list: bool | None = None
        self._is_changed = False
        self._is_leaving = False
        self._rings = False
        self._told = -1

    def compose(self) -> ComposeResult:
        """The parts, from top to bottom."""
        yield self._title_bar
        with Horizontal(id="middle"):
            yield self._list
            yield self._pane
        yield self._connection_bar
        yield self._input

    def on_mount(self) -> None:
        """Show what there is, from now on at each change."""
        self.app.theme = self._look.theme.name
        self.conversations.on_change = self.changed
        self.conversations.on_message = self._ring
        self.watch(self.app, "app_focus", self.changed, init=False)
        self._input.focus()
        self.changed()

    def on_unmount(self) -> None:
        """Nobody looks any more."""
        self.conversations.on_change = lambda: None
        self.conversations.on_message = lambda *_: None

    def on_resize(self) -> None:
        """Other sizes, other rows."""
        self.changed()

    def changed(self) -> None:
        """Show all anew, once for all that changes until then."""
        if not self._is_changed:
            self._is_changed = True
            self.call_later(self._update)

    def open(self, conversation: Conversation) -> None:
        """Show a conversation."""
        current = self.conversations.current
        if conversation is current:
            return
        if current is not None:
            self.conversations.keep_draft(current, self._input.text)
            self._before = current
        self.conversations.watch(False)
        self.conversations.enter(conversation)
        self._input.put(conversation.draft)
        self.changed()

    def say(self, text: str, role: str = "notice") -> None:
        """Tell something, behind the last message in view."""
        current = self.conversations.current
        after = 0 if current is None else current.timeline.last
        self._notices.setdefault(current, []).append(Notice(after, text, role))
        self._pane.scroll_to_end()

    def show_help(self, words: str) -> None:
        """Show what can be done, as far as it has these words."""
        self.app.push_screen(HelpScreen(words))

    def next_unread(self) -> None:
        """Show the next conversation with unread messages."""
        following = self.conversations.next_unread()
        if following is not None:
            self.open(following)
        if following is self.conversations.current:
            self._pane.scroll_to_end()

    def toggle_list(self) -> None:
        """Hide the list of conversations, or show it again."""
        self._shows_list = not self._list.display
        self.changed()

    def use_look(self, name: str) -> None:
        """Look like that."""
        if name not in LOOKS:
            raise BadCommand(_("there are these: {names}").format(names=", ".join(LOOKS)))
        self._look = self._list.look = self._pane.look = LOOKS[name]
        self.conversations.keeper.look = name
        self.app.theme = self._look.theme.name
        self.refresh(layout=True)
        self.changed()

    def use_bell(self, rings: bool) -> None:
        """Ring from now on, or don't."""
        self.conversations.keeper.bell = rings

    def connect(self) -> None:
        """Try again now, also where the client has given up."""
        match self.conversations.client.state:
            case Offline():
                self.conversations.client.hurry()
            case Replaced():
                self.conversations.client.start()
            case LoginRefused():
                Deferred.fromCoroutine(self._on_login())

    async def log_out(self) -> None:
        """Log out, and go away from here."""
        await self._on_logout()

    def leave(self) -> None:
        """End the program."""
        self._keep_draft()
        self._end_program()

    def _keys(self) -> dict[str, Callable[[], None]]:
        keys: dict[str, Callable[[], None]] = {
            "ctrl+c": self._interrupt,
            "alt+a": self.next_unread,
            "ctrl+n": self.next_unread,
            "ctrl+p": self._go_back,
            "alt+up": partial(self._step, -1),
            "alt+p": partial(self._step, -1),
            "alt+down": partial(self._step, 1),
            "alt+n": partial(self._step, 1),
            "pageup": partial(self._pane.scroll_pages, -1),
            "pagedown": partial(self._pane.scroll_pages, 1),
            "ctrl+end": self._pane.scroll_to_end,
            "alt+end": self._pane.scroll_to_end,
            "f1": partial(self.show_help, ""),
            "f2": self.toggle_list,
            "f5": self.connect,
        }
        return keys | {f"alt+{each}": partial(self._choose, each - 1) for each in range(1, 10)}

    def _interrupt(self) -> None:
        """The first time, ask; the second time, leave."""
        if self._is_leaving:
            self.leave()
        self._is_leaving = True
        self.changed()

    def _typed(self, key: str) -> None:
        """Whoever goes on typing stays."""
        if self._is_leaving and key != "ctrl+c":
            self._is_leaving = False
            self.changed()

    def _go_back(self) -> None:
        if self._before is not None and self._before in list(self.conversations):
            self.open(self._before)

    def _step(self, count: int) -> None:
        everyone = list(self.conversations)
        current = self.conversations.current
        if everyone:
            at = everyone.index(current) + count if current is not None else 0
            self.open(everyone[at % len(everyone)])

    def _choose(self, number: int) -> None:
        everyone = list(self.conversations)
        if number < len(everyone):
            self.open(everyone[number])

    def on_text_area_changed(self) -> None:
        """Keep what is being written."""
        self._keep_draft()

    def _ring(self, conversation: Conversation, _message: Message) -> None:
        """Call whoever looks elsewhere, if it is for them alone; once for all of a turn."""
        is_seen = conversation is self.conversations.current and self.conversations.is_watched
        self._rings = self._rings or not (is_seen or conversation.peer.is_group)

    def _submit(self, text: str) -> None:
        """Do what was typed."""
        self.conversations.keeper.add_input(text)
        self._input.put("")
        Deferred.fromCoroutine(self._take(text))

    async def _take(self, line: str) -> None:
        try:
            if not await obey(self, line):
                if self.conversations.current is None:
                    raise BadCommand(_("open a conversation first: /chat ID"))
                self.conversations.send(self.conversations.current, text_of(line))
                self._pane.scroll_to_end()
        except BadCommand as problem:
            self.say(str(problem), "error")
            if not self._input.text:
                self._input.put(line)
        except (ChatError, ConnectionClosed) as problem:
            self.say(visible(reason(problem)), "error")

    def _keep_draft(self) -> None:
        if self.conversations.current is not None:
            self.conversations.keep_draft(self.conversations.current, self._input.text)

    def _complete(self, before: str) -> Completion:
        people = self.conversations.people
        current = self.conversations.current
        near = [] if current is None else [each.name for each in people.members(current.peer)]
        everyone = dict.fromkeys([*near, *people.names.values()])
        # What is completed is shown as it is.
        names = [name for name in everyone if name == visible(name)]
        return complete(before, [f"/{command.name}" for command in COMMANDS], names)

    def _update(self) -> None:
        self._is_changed = False
        conversations = self.conversations
        if conversations.current is None and (first := next(iter(conversations), None)):
            self.open(first)
        shows_list = self.size.width >= _WIDE if self._shows_list is None else self._shows_list
        self._list.display = shows_list
        self._list.show([self._entry(each) for each in conversations])
        self._show_messages()
        self._title_bar.show(conversations)
        asks = _("press Ctrl+C again to leave") if self._is_leaving else ""
        self._connection_bar.show(conversations.client.state, self._hints(), asks)
        self._call()

    def _hints(self) -> list[str]:
        hints = []
        if not self._pane.is_at_end:
            hints.append(_("more below: PageDown"))
        if waiting := len(self.conversations.client.unsent):
            hints.append(_("waiting to be sent: {count}").format(count=waiting))
        return hints

    def _call(self) -> None:
        """Ring, and tell the terminal's title what is unread."""
        if self._rings:
            self._rings = False
            if self.conversations.keeper.bell:
                self.app.bell()
        unread = self.conversations.unread
        if unread != self._told and self.app._driver is not None:
            self._told = unread
            title = f"({unread}) chatclient" if unread else "chatclient"
            self.app._driver.write(f"\x1b]2;{title}\x07")

    def _show_messages(self) -> None:
        current = self.conversations.current
        if not self._pane.size.height:
            return
        history = self.conversations.history
        head = "" if current is None else head_of(current, is_loading=history.is_loading(current))
        self._pane.show(current, self.conversations.me, self._notices.get(current, ()), head)
        if current is None:
            return
        is_here = bool(current.timeline.messages) and self._pane.is_at_end
        self.conversations.watch(is_here and self.app.app_focus)
        if self.app.app_focus:
            self.conversations.see(self._pane.seen)
        if self._pane.is_at_start and not current.timeline.is_complete:
            history.load_older(current)

    def _entry(self, conversation: Conversation) -> Entry:
        peer = conversation.peer
        is_online = self.conversations.client.connection is not None
        state = self.conversations.people.state(peer) if is_online else None
        is_current = conversation is self.conversations.current
        return Entry(
            called(self.conversations.people, peer),
            "group" if peer.is_group else state or "",
            conversation.unread(self.conversations.me),
            is_current,
            bool(conversation.draft) and not is_current,
            any(each.has_failed for each in conversation.outgoing),
        )
