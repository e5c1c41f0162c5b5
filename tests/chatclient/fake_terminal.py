"""As much of a terminal as tells what a person would see on it."""

from __future__ import annotations

import codecs
import re

ROWS = 24
COLUMNS = 80

_PIECE = re.compile(
    r"\x1b\[(?P<args>[?>=\d;]*)(?P<verb>[@-~])"
    r"|\x1b\](?P<title>[^\x07\x1b]*)(?:\x07|\x1b\\)"
    r"|\x1b[=>78cM]"
    r"|(?P<char>[^\x1b])",
    re.DOTALL,
)


class FakeTerminal:
    """Understands moves, erasures and line ends; colours and modes are passed over."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._rest = ""
        self._screen = [""]
        self._row = 0
        self._column = 0

    def lines(self) -> list[str]:
        """The lines so far, those that have scrolled away too, without trailing spaces."""
        return [line.rstrip() for line in self._screen]

    def feed(self, data: bytes) -> None:
        """Take what the program wrote."""
        text = self._rest + self._decoder.decode(data)
        at = 0
        while piece := _PIECE.match(text, at):
            at = piece.end()
            if piece["verb"]:
                self._control(piece["verb"], piece["args"])
            elif piece["char"]:
                self._character(piece["char"])
        self._rest = text[at:]

    def _character(self, char: str) -> None:
        match char:
            case "\r":
                self._column = 0
            case "\n":
                self._row += 1
            case "\b":
                self._column = max(0, self._column - 1)
            case "\x07":
                pass
            case _:
                self._put(char)
        while len(self._screen) <= self._row:
            self._screen.append("")

    def _put(self, char: str) -> None:
        if self._column == COLUMNS:
            self._column = 0
            self._character("\n")
        line = self._screen[self._row].ljust(self._column)
        self._screen[self._row] = line[: self._column] + char + line[self._column + 1 :]
        self._column += 1

    def _control(self, verb: str, args: str) -> None:
        count = int(args) if args.isdigit() else 0
        match verb:
            case "A":
                self._row = max(0, self._row - max(1, count))
            case "B":
                self._row = min(len(self._screen) - 1, self._row + max(1, count))
            case "C":
                self._column = min(COLUMNS - 1, self._column + max(1, count))
            case "D":
                self._column = max(0, self._column - max(1, count))
            case "G":
                self._column = max(1, count) - 1
            case "K" if count == 0:
                self._screen[self._row] = self._screen[self._row][: self._column]
            case "J" if count == 0:
                self._screen[self._row] = self._screen[self._row][: self._column]
                del self._screen[self._row + 1 :]
