"""Attack a server with streams of nearly valid requests, on both dialects.

    python -m tests.attacks.fuzz --frames 1000000 --seed 1

Each round has a server and a database of its own. A stream that breaks something is written to
the current folder: what it shows belongs into ``tests/attacks/corpus`` once it is understood.
"""

from __future__ import annotations

import argparse
import gc
import resource
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred, FirstError, gatherResults
from twisted.internet.task import react

from tests.attacks import verdict
from tests.attacks.world import World

FRAMES_OF_A_ROUND = 20_000
_FRAMES_OF_A_STREAM = 100
_AT_ONCE = 16
_LEAVES = 10  # of so many streams one is not waited for
_MORE_OBJECTS = 20_000  # than after the second round: caches, but no leak


class Broken(Exception):
    """A stream broke something; its bytes are in ``stream``."""

    def __init__(self, name: str, stream: bytes, problem: BaseException) -> None:
        super().__init__(f"{name}: {problem}")
        self.name = name
        self.stream = stream


async def fuzz_round(reactor: Any, seed: str, frames: int) -> World:
    """Attack a new server with so many frames.

    :raises Broken: a stream was not answered as the protocol demands, or made the server err.
    :raises AssertionError: the server was left in disorder.
    """
    world = World(reactor)
    await world.start()
    numbers = iter(range(-(-frames // _FRAMES_OF_A_STREAM)))
    workers = [Deferred.fromCoroutine(_worker(world, seed, numbers)) for _ in range(_AT_ONCE)]
    try:
        await gatherResults(workers, consumeErrors=True)
        await world.check_it_is_in_order()
    except FirstError as problem:
        problem.subFailure.raiseException()
    finally:
        await world.stop()
    return world


async def _worker(world: World, seed: str, numbers: Iterator[int]) -> None:
    for number in numbers:
        name = f"{seed}.{number}"
        grammar = world.grammar(name)
        stream = verdict.ended(grammar.stream(_FRAMES_OF_A_STREAM))
        pieces = grammar.pieces(stream)
        try:
            if number % _LEAVES == 0:
                await world.attack_and_run(pieces)
            else:
                await world.attack(stream, pieces)
        except Exception as problem:
            raise Broken(name, stream, problem) from problem


async def fuzz(reactor: Any, seed: str, frames: int, tell: Callable[[str], object]) -> None:
    """Round after round, until there were so many frames; memory must not grow."""
    began = time.monotonic()
    done = 0
    answers: Counter[tuple[int, int]] = Counter()
    objects: list[int] = []
    while done < frames:
        world = await fuzz_round(reactor, f"{seed}.{len(objects)}", FRAMES_OF_A_ROUND)
        done += FRAMES_OF_A_ROUND
        answers += world.answers
        gc.collect()
        objects.append(len(gc.get_objects()))
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        tell(
            f"{done} frames, {time.monotonic() - began:.0f} s; the pair said {world.said} things; "
            f"{objects[-1]} objects, {most} MiB at most"
        )
        grown = objects[-1] - objects[min(1, len(objects) - 1)]
        assert grown < _MORE_OBJECTS, f"{grown} more objects than after the second round"
    for (msgid, errno), count in sorted(answers.items()):
        tell(f"msgid {msgid}, errno {errno}: {count} times")


async def _main(reactor: Any, seed: str, frames: int) -> None:
    try:
        await fuzz(reactor, seed, frames, lambda line: sys.stdout.write(f"{line}\n"))
    except Broken as broken:
        path = Path(f"broken-{broken.name}.bin")
        path.write_bytes(broken.stream)
        raise SystemExit(f"{broken}\nthe stream is in {path}") from broken


def main() -> None:
    parser = argparse.ArgumentParser(description="Attack a server with nearly valid requests.")
    parser.add_argument("--frames", type=int, default=FRAMES_OF_A_ROUND)
    parser.add_argument("--seed", default="1", help="the same seed makes the same streams")
    options = parser.parse_args()
    react(lambda reactor: Deferred.fromCoroutine(_main(reactor, options.seed, options.frames)), [])


if __name__ == "__main__":
    main()
