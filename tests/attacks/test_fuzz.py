"""Nearly valid requests on both dialects: a short run, and the streams that are worth keeping.

The long run is a command: see ``tests/attacks/fuzz.py``.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from twisted.internet import reactor as _reactor
from twisted.trial.unittest import SynchronousTestCase, TestCase

from tests.attacks import verdict
from tests.attacks.fuzz import Broken, fuzz_round
from tests.attacks.world import MAX_FRAME, World

reactor: Any = _reactor
CORPUS = Path(__file__).parent / "corpus"


class FuzzTests(TestCase):
    timeout = 240

    async def test_nearly_valid_requests(self) -> None:
        try:
            world = await fuzz_round(reactor, "suite", 8000)
        except Broken as broken:
            self.fail(f"{broken}: {broken.stream!r}")
        self.assertGreater(world.said, 1)
        for msgid in (2, 5, 6, 7, 8, 9, 10, 15):
            self.assertGreater(world.answers[msgid, 0], 0, msgid)
        for errno in (1, 100, 101, 102, 103, 104, 105, 106, 107, 108, 111, 112):
            count = sum(world.answers[key] for key in world.answers if key[1] == errno)
            self.assertGreater(count, 0, errno)


class CorpusTests(TestCase):
    """Each stream of the corpus, in one piece and in every way that a network may cut it."""

    timeout = 240

    async def test_every_stream(self) -> None:
        world = World(reactor)
        await world.start()
        try:
            paths = sorted(CORPUS.glob("*.bin"))
            self.assertTrue(paths)
            for path in paths:
                stream = verdict.ended(path.read_bytes())
                for pieces in _cut(stream, world):
                    try:
                        await world.attack(stream, pieces)
                    except Exception as problem:
                        self.fail(f"{path.name} in {len(pieces)} pieces: {problem}")
            await world.check_it_is_in_order()
        finally:
            await world.stop()


def _cut(stream: bytes, world: World) -> Iterator[list[bytes]]:
    yield [stream]
    if len(stream) < 500:
        yield [stream[at : at + 1] for at in range(len(stream))]
    for seed in range(5):
        yield world.grammar(f"{seed}").pieces(stream)


class VerdictTests(SynchronousTestCase):
    """What the fuzzing would not let pass."""

    stream = verdict.ended(b'{"msgid":5,"req":1}\n{"msgid":13,"t":1}\nx\n')
    refused = b'{"msgid":11,"re":5,"req":1,"errno":103,"errmsg":"log in first"}\n'
    pong = b'{"msgid":14,"t":1}\n'
    malformed = b'{"msgid":11,"errno":100,"errmsg":"x"}\n'
    end = b'{"msgid":11,"re":99,"req":"end","errno":101,"errmsg":"x"}\n'

    def check(self, *received: bytes, is_closed: bool = False) -> None:
        verdict.check(self.stream, b"".join(received), MAX_FRAME, is_closed=is_closed)

    def test_good_answers(self) -> None:
        self.check(self.refused, self.pong, self.malformed, self.end)
        self.check(self.pong, self.refused, self.malformed, self.end)

    def test_bad_ones(self) -> None:
        good = [self.refused, self.pong, self.malformed, self.end]
        bad: list[list[bytes]] = [
            [self.malformed, self.pong, self.refused, self.end],
            *([*good[:at], *good[at + 1 :]] for at in range(4)),
            *([*good, one] for one in good),
            [self.refused.replace(b"103", b"102"), *good[1:]],
            [self.refused.replace(b"103", b"1e2"), *good[1:]],
            [self.refused.replace(b'"req":1', b'"req":true'), *good[1:]],
            [self.refused.replace(b'"re":5', b'"re":6'), *good[1:]],
            [self.refused.replace(b'"re"', b'"rf"'), *good[1:]],
            [self.refused.replace(b',"errmsg":"log in first"', b""), *good[1:]],
            [self.refused, self.pong.replace(b"1}", b"2}"), *good[2:]],
            [*good, b'{"msgid":16,"id":1,"state":"away"}\n'],
            [*good, b'{"msgid":16,"id":0,"state":"online"}\n'],
            [*good, b"[]\n"],
            [*good, b'{"msgid":16'],
        ]
        for received in bad:
            with self.assertRaises((AssertionError, ValueError), msg=received):
                self.check(*received)
        with self.assertRaises(AssertionError):
            self.check(*good, is_closed=True)

    def test_classic(self) -> None:
        stream = verdict.ended(b'{"msgid":3,"name":" ","password":"x"}\0{"msgid":5}')
        refused = b'{"msgid":4,"errno":102,"errmsg":"name is bad"}\0'
        end = b'{"msgid":4,"req":"end","errno":102,"errmsg":"name is bad"}\0'
        verdict.check(stream, refused + end, MAX_FRAME, is_closed=False)
        for received in (
            end,
            refused,
            end + refused,
            refused + refused + end,
            refused + end + b'{"msgid":11,"re":5,"errno":103,"errmsg":"x"}\0',
            refused.replace(b"is bad", b"x" * 1000) + end,
        ):
            with self.assertRaises(AssertionError, msg=received):
                verdict.check(stream, received, MAX_FRAME, is_closed=False)
