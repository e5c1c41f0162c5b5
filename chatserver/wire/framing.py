"""Finding the frames of the classic dialect in a stream of bytes.

The C++ client ends most requests with a NUL and some with nothing at all, so a frame ends
at a NUL or where its JSON object is complete.
"""

from __future__ import annotations

import re

NUL = b"\0"
_BETWEEN_FRAMES = b" \t\r\n\0"
_OUTSIDE_STRING = re.compile(rb'["{}\0]')
_INSIDE_STRING = re.compile(rb'["\\\0]')


class FrameTooLong(Exception):
    """More bytes than a frame may have came without completing one."""


class ClassicSplitter:
    """Takes bytes as they come, gives frames without their terminators.

    :param max_frame: the longest frame in bytes.
    """

    def __init__(self, max_frame: int) -> None:
        self._max_frame = max_frame
        self._buffer = b""
        self._start = 0
        self._scanned = 0
        self._depth = 0
        self._in_string = False

    def feed(self, data: bytes) -> None:
        """Take what the connection received."""
        self._buffer = self._buffer[self._start :] + data
        self._scanned -= self._start
        self._start = 0

    def next_frame(self) -> bytes | None:
        """The next complete frame, or None until more bytes come.

        :raises FrameTooLong: there is none in ``max_frame`` bytes.
        """
        if self._scanned == self._start:
            self._skip_between_frames()
        end = self._find_end()
        length = (len(self._buffer) if end is None else end) - self._start
        if length > self._max_frame:
            raise FrameTooLong
        if end is None:
            return None
        frame = self._buffer[self._start : end]
        self._start = self._scanned = end
        self._depth = 0
        self._in_string = False
        return frame

    def _skip_between_frames(self) -> None:
        rest = self._buffer[self._start :].lstrip(_BETWEEN_FRAMES)
        self._buffer = rest
        self._start = self._scanned = 0

    def _find_end(self) -> int | None:
        """Where the frame at the start ends; what was looked at is not looked at again."""
        buffer = self._buffer
        if not buffer.startswith(b"{", self._start):
            end = buffer.find(NUL, self._scanned)
            self._scanned = len(buffer)
            return None if end < 0 else end
        at = self._scanned
        while True:
            token = (_INSIDE_STRING if self._in_string else _OUTSIDE_STRING).search(buffer, at)
            if token is None:
                self._scanned = len(buffer)
                return None
            at = token.end()
            match token[0]:
                case b"\0":
                    return token.start()
                case b'"':
                    self._in_string = not self._in_string
                case b"{":
                    self._depth += 1
                case b"}":
                    self._depth -= 1
                    if self._depth == 0:
                        return at
                case _:  # a backslash: the byte behind it is part of the escape
                    if at == len(buffer):
                        self._scanned = token.start()
                        return None
                    if buffer[at] != 0:
                        at += 1
