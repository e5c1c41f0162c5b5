"""What a publication holds, and what becomes of those of another version."""

from __future__ import annotations

from typing import get_args

import msgspec
from twisted.trial.unittest import SynchronousTestCase

from chatserver.bus.encoding import (
    FORMAT,
    Beat,
    Loss,
    NotUnderstood,
    data_of,
    encode,
    events_in,
    format_of,
    head_of,
    notices_in,
)
from chatserver.bus.events import (
    AnyEvent,
    ChatStored,
    CursorsWanted,
    CursorsWritten,
    DeviceTaken,
    Event,
    FriendAdded,
    GroupJoined,
    PresenceChanged,
    SignalSent,
)

NODE = b"a".rjust(16, b"-")
HEAD = head_of(NODE)
EVENTS: list[AnyEvent] = [
    ChatStored(
        conversation=2**53,
        seq=1,
        sender=2,
        name="Zoë 😀",
        device=3,
        sent=4,
        text="",
        cid=None,
        toid=5,
    ),
    SignalSent(sender=1, data=b'{"a":"\xc3\xa9"}', group=2, conversation=3),
    PresenceChanged(account=1, state="online"),
    FriendAdded(account=1, friend=2),
    GroupJoined(account=1, group=2, conversation=3, seq=4),
    DeviceTaken(account=1, holder="x"),
    CursorsWanted(node="x", number=1),
    CursorsWritten(node="x", number=1),
]


class EncodingTests(SynchronousTestCase):
    def test_every_event_comes_out_as_it_went_in(self) -> None:
        self.assertEqual({type(event) for event in EVENTS}, set(get_args(AnyEvent)))
        data = data_of(HEAD, [encode(event) for event in EVENTS])
        self.assertTrue(data.startswith(NODE))
        self.assertEqual(events_in(data), EVENTS)

    def test_a_crowd_of_events(self) -> None:
        data = data_of(HEAD, [encode(EVENTS[0])] * 70_000)
        self.assertEqual(events_in(data), EVENTS[:1] * 70_000)

    def test_notices(self) -> None:
        data = data_of(HEAD, [encode(Beat()), encode(Loss())])
        self.assertEqual(notices_in(data), [Beat(), Loss()])

    def test_what_is_cut_off_or_no_event_is_not_understood(self) -> None:
        data = data_of(HEAD, [encode(event) for event in EVENTS])
        for end in range(len(data)):
            self.assertRaises(NotUnderstood, events_in, data[:end])
        self.assertRaises(NotUnderstood, events_in, data_of(HEAD, [b"\x91\xa3new"]))


class VersionTests(SynchronousTestCase):
    """While nodes of two versions run, neither may take the other's events for its own."""

    def test_another_format_is_not_understood(self) -> None:
        data = data_of(HEAD, [encode(EVENTS[0])]).replace(FORMAT, b"another.")
        self.assertRaises(NotUnderstood, events_in, data)
        self.assertRaises(NotUnderstood, notices_in, data)

    def test_events_without_a_format_are_not_understood(self) -> None:
        data = NODE + msgspec.msgpack.encode([{"type": "beat"}])
        self.assertRaises(NotUnderstood, notices_in, data)

    def test_who_knows_no_formats_understands_nothing(self) -> None:
        data = data_of(HEAD, [encode(Beat())]).removeprefix(NODE)
        self.assertRaises(msgspec.DecodeError, msgspec.msgpack.decode, data, type=list)

    def test_other_fields_are_another_format(self) -> None:
        class Now(Event, tag="x", frozen=True, kw_only=True):
            a: int
            b: int

        class Turned(Event, tag="x", frozen=True, kw_only=True):
            b: int
            a: int

        class Longer(Event, tag="x", frozen=True, kw_only=True):
            a: int
            b: int
            c: int | None = None

        class Retyped(Event, tag="x", frozen=True, kw_only=True):
            a: int
            b: str

        class Renamed(Event, tag="y", frozen=True, kw_only=True):
            a: int
            b: int

        formats = [format_of([kind]) for kind in (Now, Turned, Longer, Retyped, Renamed)]
        formats += [format_of([]), format_of([Now, Renamed])]
        self.assertEqual(len(set(formats)), len(formats))
        self.assertEqual({len(one) for one in formats}, {len(FORMAT)})
