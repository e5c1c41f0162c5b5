"""Servers with something wrong, to see that the checker finds it.

``python -m tests.faults.broken WAY ...`` is ``twistd ...`` with one piece of the server replaced
by a worse one, of a kind that is easily written by mistake.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

from twisted.scripts.twistd import run

from chatserver.bus.events import ChatStored
from chatserver.clock import epoch_milliseconds
from chatserver.services.fanout import Fanout
from chatserver.services.resync import Resync
from chatserver.services.sequencer import Sequencer
from chatserver.services.sync import Sync
from chatserver.sessions.positions import AckedPositions
from chatserver.sessions.registry import LocalAccount
from chatserver.store import groups
from chatserver.store.friends import Friends
from chatserver.store.group_commit import GroupCommit
from chatserver.store.log import MessageLog
from chatserver.store.messages import Draft, Stored

#: All ways of being wrong, by name.
WAYS: dict[str, Callable[[], None]] = {}


def _way(replace: Callable[[], None]) -> Callable[[], None]:
    WAYS[replace.__name__.strip("_").replace("_", "-")] = replace
    return replace


def _replace(owner: Any, name: str, other: Any) -> None:
    assert hasattr(owner, name), f"{owner} has no {name}"
    setattr(owner, name, other)


def _guess(log: Any, draft: Draft) -> Stored | None:
    """Where a draft will stand, if nobody else writes to its conversation."""
    last = None if draft.conversation is None else log._last_seqs.get(draft.conversation)
    if draft.conversation is None or last is None:
        return None
    return Stored(draft.conversation, last + len(log.drafts) + 1, epoch_milliseconds())


class _Told(Draft):
    """A draft whose sender has his answer already."""

    def settled(self, outcome: Stored | Exception) -> None:
        """Nobody wants to know."""


@_way
def _ack_before_commit() -> None:
    append = MessageLog.append

    def append_later(log: MessageLog, draft: Draft) -> None:
        guess = _guess(log, draft)
        if guess is None:
            append(log, draft)
            return
        append(log, _Told(draft.sender, draft.device, draft.text, draft.cid, draft.conversation))
        draft.settled(guess)

    _replace(MessageLog, "append", append_later)


@_way
def _deliver_before_commit() -> None:
    append = MessageLog.append

    def append_told(log: MessageLog, draft: Any) -> None:
        guess = _guess(log, draft)
        if guess is not None:
            draft.publish(guess)
        append(log, draft)

    _replace(MessageLog, "append", append_told)


@_way
def _forget_the_resync() -> None:
    _replace(Resync, "look", lambda resync: None)


@_way
def _drop_the_dedup() -> None:
    def cid(log: Any, given: str | None) -> str:
        return f"{log._boot}{next(log._made_cids):x}"

    _replace(MessageLog, "cid", cid)


@_way
def _advance_the_cursor_early() -> None:
    pushed = AckedPositions.pushed

    def pushed_and_done(positions: AckedPositions, conversation: int, seq: int) -> None:
        pushed(positions, conversation, seq)
        positions._note(positions._device, conversation, seq)

    _replace(AckedPositions, "pushed", pushed_and_done)


@_way
def _forget_the_backlog() -> None:
    async def catch_up(sync: Sync, session: Any) -> None:
        if session.login is not None:
            session.login.unsynced = None

    _replace(Sync, "catch_up", catch_up)


@_way
def _trust_the_order_of_the_bus() -> None:
    _replace(Sequencer, "take", lambda sequencer, event: sequencer._fanout.push(event))


@_way
def _store_the_last_first() -> None:
    async def commit(pending: Any) -> None:
        pending._pending.reverse()
        await commit_pending(pending)

    commit_pending = GroupCommit._commit_pending
    _replace(GroupCommit, "_commit_pending", commit)


@_way
def _tell_everybody() -> None:
    def recipients(fanout: Fanout, event: ChatStored) -> Sequence[LocalAccount]:
        return fanout._registry.accounts()

    _replace(Fanout, "recipients", recipients)


@_way
def _show_what_was_before() -> None:
    _replace(groups, "select_last_seq", lambda cursor, conversation: 0)


@_way
def _keep_friends_in_memory() -> None:
    async def add(friends: Friends, account: int, friend: int) -> None:
        """Answered, and forgotten."""

    _replace(Friends, "add", add)


def main(arguments: Sequence[str]) -> None:
    """Be a twistd with one piece replaced."""
    way, *rest = arguments
    WAYS[way]()
    sys.argv = ["twistd", *rest]
    run()


if __name__ == "__main__":
    main(sys.argv[1:])
