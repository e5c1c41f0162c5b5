"""The bench's C programs, compiled where and when they are needed."""

from __future__ import annotations

import subprocess
from pathlib import Path

from cluster.process import program


def compiled(name: str, folder: Path) -> Path:
    """``bench/NAME.c`` as a program in a folder.

    :raises NotStarted: there is no compiler.
    """
    source, target = Path(__file__).with_name(f"{name}.c"), folder / name
    command = [
        program("cc", "gcc"),
        "-O2",
        "-std=gnu11",
        "-Wall",
        "-Werror",
        "-o",
        str(target),
        str(source),
    ]
    subprocess.run(command, check=True)
    return target
