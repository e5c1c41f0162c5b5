"""Acknowledging received messages lazily: many at once, one ACK a conversation."""

from __future__ import annotations

from collections.abc import Callable

from chatclient.interfaces import Clock, DelayedCall


class Acknowledger:
    """Collects what was received and sends the highest ``seq`` of each conversation.

    :param send: called with ``conv`` and ``seq``.
    :param delay: seconds that the first message may wait for others.
    """

    def __init__(self, clock: Clock, send: Callable[[int, int], None], delay: float) -> None:
        self._clock = clock
        self._send = send
        self._delay = delay
        self._unsent: dict[int, int] = {}
        self._timer: DelayedCall | None = None

    def received(self, conv: int, seq: int) -> None:
        """Note a message; it is acknowledged within ``delay`` seconds."""
        self._unsent[conv] = max(seq, self._unsent.get(conv, 0))
        if self._timer is None:
            self._timer = self._clock.callLater(self._delay, self._time_is_up)

    def flush(self) -> None:
        """Send everything now."""
        unsent = self._unsent
        self.forget()
        for conv, seq in unsent.items():
            self._send(conv, seq)

    def forget(self) -> None:
        """Send nothing of it any more: the login that it belongs to has ended."""
        self._unsent = {}
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _time_is_up(self) -> None:
        self._timer = None
        self.flush()
