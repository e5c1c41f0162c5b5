"""How far one connection has come in each conversation."""

from __future__ import annotations

from collections.abc import Callable

#: Told a device, a conversation and the seq up to which all reached it.
Note = Callable[[int, int, int], None]


class _Position:
    """``pushed``: the last message pushed; ``top``: that, or the device's own last one."""

    __slots__ = ("acked", "pushed", "top")

    def __init__(self) -> None:
        self.pushed = 0
        self.top = 0
        self.acked = 0


_NOWHERE: dict[int, _Position] = {}  # where a new connection is; never written to


class AckedPositions:
    """For a client that acknowledges: a message has arrived when it says so.

    :param note: called with the device, a conversation and the seq up to which all has arrived.
    """

    __slots__ = ("_device", "_note", "_positions")

    def __init__(self, device: int, note: Note) -> None:
        self._device = device
        self._note = note
        self._positions = _NOWHERE

    def pushed(self, conversation: int, seq: int) -> None:
        """A message is on its way to the client."""
        position = self._positions.get(conversation) or self._begin(conversation)
        position.pushed = position.top = seq

    def passed(self, conversation: int, seq: int) -> None:
        """A message needs no push: the device sent it itself, or it is none of its business."""
        position = self._positions.get(conversation) or self._begin(conversation)
        position.top = seq
        if position.acked >= position.pushed:
            self._note(self._device, conversation, seq)

    def acknowledged(self, conversation: int, seq: int) -> bool:
        """The client says that everything up to ``seq`` arrived.

        It can't have more than was pushed, and can't give back what it had. Returns whether
        it was pushed anything of this conversation.
        """
        position = self._positions.get(conversation)
        if position is None:
            return False
        seq = min(seq, position.pushed)
        if seq > position.acked:
            position.acked = seq
            self._note(self._device, conversation, position.top if seq == position.pushed else seq)
        return True

    def _begin(self, conversation: int) -> _Position:
        if self._positions is _NOWHERE:
            self._positions = {}
        position = self._positions[conversation] = _Position()
        return position
