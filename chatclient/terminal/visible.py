"""Making texts of others harmless for a terminal."""

from __future__ import annotations

import re

# Controls (a tab may stay), lone surrogates, line and paragraph separators, bidi overrides.
_HARMFUL = re.compile(
    "[\x00-\x08\x0a-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029\u202a-\u202e\u2066-\u2069]"
)


def visible(text: str) -> str:
    """The text on one line, with everything that could drive a terminal shown escaped.

    A line's end becomes ``⏎``, an escape character ``\\x1b``.
    """
    return _HARMFUL.sub(_escape, text.replace("\r\n", "\n"))


def _escape(match: re.Match[str]) -> str:
    character = match[0]
    if character == "\n":
        return "⏎"
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
