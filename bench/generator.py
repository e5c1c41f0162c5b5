"""Runs the generator, and reads what it reports."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.people import Crowd
from bench.sites import Site, on_core

_LOGIN_AND_DRAIN = 120.0  # seconds
_PATIENCE = 20.0  # seconds

Value = int | float


@dataclass(frozen=True)
class Load:
    """What the generator is to do.

    :param mode: one of the generator's.
    :param options: those of its options that say how; with ``_`` for ``-``.
    """

    mode: str
    crowd: Crowd
    options: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True)
class Report:
    """What came of a load. What counts is a delivery; a message, if it is for nobody; or a login.

    :param rate: how many a second.
    :param latencies: in microseconds, by percentile: of all that were counted, from the
        sending of a message to its delivery, or of a login from connecting to its last message.
    :param histogram: latencies (µs), and how many had each.
    :param cost: the microseconds of processor time that each process used for one.
    :param busy: the share of its core that each used, and the generator.
    :param memory: connections, and the bytes that the server had with so many.
    """

    rate: float
    latencies: dict[str, float]
    histogram: list[tuple[float, int]]
    cost: dict[str, float]
    busy: dict[str, float]
    faults: dict[str, int]
    memory: list[tuple[int, int]]


class Generator:
    """The program, and how long it measures.

    :param folder: for files that it reads.
    :param patience: how many seconds of silence mean that nothing comes any more.
    """

    def __init__(
        self,
        program: Path,
        folder: Path,
        seconds: float,
        warm_up: float,
        patience: float = _PATIENCE,
    ) -> None:
        self._program = program
        self._folder = folder
        self._seconds = seconds
        self._warm_up = warm_up
        self._patience = patience

    def run(self, load: Load, site: Site, ports: Sequence[int] = ()) -> Report:
        """Load a site.

        :param ports: those of it to use, if not all.
        :raises CalledProcessError: the load could not be brought on.
        """
        people = load.crowd.write(self._folder / "people")
        options: dict[str, object] = {
            "people": people,
            "seconds": self._seconds,
            "warm_up": self._warm_up,
            "patience": self._patience,
            **load.options,
        }
        words = [str(self._program), load.mode]
        for port in ports or site.ports:
            words += ["--port", str(port)]
        for pid in site.watched.values():
            words += ["--watch", str(pid)]
        for name, value in options.items():
            words += ["--" + name.replace("_", "-"), str(value)]
        with on_core(site.others_core):
            done = subprocess.run(
                words,
                stdout=subprocess.PIPE,
                check=True,
                text=True,
                timeout=self._seconds + _LOGIN_AND_DRAIN,
                env=os.environ,
            )
        return _report(json.loads(done.stdout), list(site.watched), load.mode)


def _report(told: dict[str, Any], names: list[str], mode: str) -> Report:
    took, count = told["seconds"], told["logins" if mode == "login" else "deliveries"]
    used = dict(zip(names, told["watched_cpu"], strict=True))
    return Report(
        rate=count / took,
        latencies={name: told[name] / 1000 for name in ("p50", "p99", "p999", "max")},
        histogram=[(ns / 1000, number) for ns, number in told["histogram"]],
        cost={name: round(one / count * 1e6, 3) for name, one in used.items()} if count else {},
        busy={
            name: round(one / took, 3)
            for name, one in {**used, "generator": told["generator_cpu"]}.items()
        },
        faults={name: number for name, number in told["faults"].items() if number},
        memory=[(count, size) for count, size in told.get("memory", [])],
    )
