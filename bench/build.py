"""The bench's C programs, compiled where and when they are needed."""

from __future__ import annotations

import subprocess
from pathlib import Path

from cluster.process import program

_HERE = Path(__file__).parent
_SOURCES = {
    "generator": ["generator.c", "clients.c", "options.c", "lines.c", "measure.c"],
    "relay": ["relay.c", "lines.c"],
}


def compiled(name: str, folder: Path) -> Path:
    """A program, the generator or the relay, in a folder.

    :raises NotStarted: there is no compiler.
    """
    target = folder / name
    sources = [str(_HERE / source) for source in _SOURCES[name]]
    flags = ["-O2", "-std=gnu11", "-Wall", "-Wextra", "-Werror"]
    subprocess.run([program("cc", "gcc"), *flags, "-o", str(target), *sources], check=True)
    return target
