"""What a terminal does with typed characters by itself."""

from __future__ import annotations

import os
import termios
from typing import Any

ECHO = termios.ECHO
"""It shows them."""

LINES = termios.ICANON
"""It collects them to lines, and takes Ctrl-D and some more for itself."""

_LOCAL_FLAGS = 3


class Modes:
    """The modes of the terminal ``fd``; no terminal, no effect."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._found: list[Any] | None = None

    def switch_off(self, flags: int) -> None:
        """End :data:`ECHO` or :data:`LINES` or both, until :meth:`restore`."""
        if self._found is None and os.isatty(self._fd):
            self._found = termios.tcgetattr(self._fd)
            wanted = termios.tcgetattr(self._fd)
            wanted[_LOCAL_FLAGS] &= ~flags
            termios.tcsetattr(self._fd, termios.TCSADRAIN, wanted)

    def restore(self) -> None:
        """Back to how the terminal was found."""
        if self._found is not None:
            termios.tcsetattr(self._fd, termios.TCSADRAIN, self._found)
            self._found = None
