"""What can be ordered from running servers, and what they answer: JSON in the database."""

from __future__ import annotations

from typing import Annotated

import msgspec


class Order(msgspec.Struct, tag_field="order", frozen=True, kw_only=True):
    """Something for running servers to do."""


class ListSessions(Order, tag="sessions", frozen=True, kw_only=True):
    """Tell who is logged in: of one ``account``, or all."""

    account: int | None = None


class TellState(Order, tag="state", frozen=True, kw_only=True):
    """Tell how the server is."""


class Kick(Order, tag="kick", frozen=True, kw_only=True):
    """Close the sessions of an account, and let it in again after so many ``seconds``.

    :param device: only this one; "" is the unnamed one.
    """

    account: int
    device: str | None = None
    seconds: float


class Announce(Order, tag="announce", frozen=True, kw_only=True):
    """Send a text from an account to others, each of which gets it once under this ``id``."""

    id: Annotated[str, msgspec.Meta(pattern=r"\A[\w.-]{1,32}\Z")]
    sender: int
    name: str
    text: str
    to: Annotated[list[int], msgspec.Meta(max_length=1000)]


class Answer(msgspec.Struct, tag_field="answer", frozen=True, kw_only=True):
    """A part of what one server says to an order. ``server`` names it for people."""

    server: str


class NotDone(Answer, tag="not done", frozen=True, kw_only=True):
    """The server can't do it; where it ``is_final``, it could not do it later either."""

    why: str
    is_final: bool = False


class SessionInfo(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who is logged in.

    ``device`` is "" for the unnamed one, ``connected`` in milliseconds since the epoch, ``idle``
    in seconds, and ``unsent`` in bytes.
    """

    id: int
    name: str
    device: str
    server: str
    address: str
    connected: int
    idle: float
    dialect: str
    unsent: int


class Sessions(Answer, tag="sessions", frozen=True, kw_only=True):
    """Some of the sessions."""

    sessions: list[SessionInfo]


class State(Answer, tag="state", frozen=True, kw_only=True):
    """How a server is.

    ``late`` is the length of the longest turn of its reactor lately, in seconds, where that is
    measured.
    """

    version: str
    uptime: float
    connections: int
    logged_in: int
    accounts: int
    stored: int
    pending: int
    unsent: int
    is_bus_whole: bool
    late: float | None


class Kicked(Answer, tag="kicked", frozen=True, kw_only=True):
    """So many sessions were closed."""

    sessions: int


class Announced(Answer, tag="announced", frozen=True, kw_only=True):
    """So many were sent the text now; so many had it already."""

    sent: int
    had: int


AnyOrder = ListSessions | TellState | Kick | Announce
AnyAnswer = NotDone | Sessions | State | Kicked | Announced

_orders: msgspec.json.Decoder[AnyOrder] = msgspec.json.Decoder(AnyOrder)
_answers: msgspec.json.Decoder[AnyAnswer] = msgspec.json.Decoder(AnyAnswer)


def encode(what: Order | Answer) -> str:
    return msgspec.json.encode(what).decode()


def decode_order(body: str) -> AnyOrder:
    """
    :raises msgspec.DecodeError: this version knows no such order.
    """
    return _orders.decode(body)


def decode_answer(body: str) -> AnyAnswer:
    """
    :raises msgspec.DecodeError: this version knows no such answer.
    """
    return _answers.decode(body)
