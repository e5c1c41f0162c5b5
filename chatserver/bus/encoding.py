"""What a publication holds: its node's id, the format of the events, and the events."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from typing import TypeVar, get_args

import msgspec

from chatserver.bus.events import AnyEvent, Event

T = TypeVar("T")

ID_LENGTH = 16  # bytes of a node's id
_ARRAY = b"\xdd"  # MessagePack's mark of an array whose length follows in four bytes


class Beat(Event, tag="beat", frozen=True, kw_only=True):
    """The node that sent it can publish."""


class Loss(Event, tag="loss", frozen=True, kw_only=True):
    """The node that sent it could not publish for a while."""


Notice = Beat | Loss

_encoder = msgspec.msgpack.Encoder()
_events = msgspec.msgpack.Decoder(list[AnyEvent])
_notices = msgspec.msgpack.Decoder(list[Notice])


class NotUnderstood(Exception):
    """A publication of a node with other events, or of something that is no node."""


def format_of(kinds: Iterable[type[Event]]) -> bytes:
    """Eight characters, which are others as soon as an event has other fields."""
    shapes = [(kind.__struct_config__.tag, kind.__annotations__) for kind in kinds]
    return b"%08x" % zlib.crc32(repr(shapes).encode())


# Events travel without the names of their fields: another version's could be mistaken.
FORMAT = format_of((*get_args(AnyEvent), *get_args(Notice)))
_BODY = ID_LENGTH + len(FORMAT)


def head_of(node: bytes) -> bytes:
    """What all publications of a node begin with."""
    return node + FORMAT + _ARRAY


def encode(event: AnyEvent | Notice) -> bytes:
    return _encoder.encode(event)


def data_of(head: bytes, encoded: list[bytes]) -> bytes:
    """What is published: some events, each encoded once for all its topics."""
    return head + len(encoded).to_bytes(4, "big") + b"".join(encoded)


def events_in(data: bytes) -> list[AnyEvent]:
    """
    :raises NotUnderstood: they are of another format.
    """
    return _decoded(_events, data)


def notices_in(data: bytes) -> list[Notice]:
    """
    :raises NotUnderstood: they are of another format.
    """
    return _decoded(_notices, data)


def _decoded(decoder: msgspec.msgpack.Decoder[T], data: bytes) -> T:
    if data[ID_LENGTH:_BODY] != FORMAT:
        raise NotUnderstood("events of another format")
    try:
        return decoder.decode(data[_BODY:])
    except msgspec.DecodeError as problem:
        raise NotUnderstood(str(problem)) from None
