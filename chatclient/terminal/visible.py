"""Making texts of others harmless for a terminal, and for who reads them."""

from __future__ import annotations

import re
import unicodedata

_CONTROLS = "\x00-\x08\x0a-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029"  # a tab may stay
_OVERRIDES = "\u202a-\u202e\u2066-\u2069"
# Default-ignorable characters, blanks that are no spaces, annotations: a name with one of them
# looks like the name without it.
_UNSEEN = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u2060-\u2065"
    "\u206a-\u206f\u2800\u3164\ufeff\uffa0\ufff0-\ufffb"
    "\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
# Unseen as well, but emoji and some scripts are not written without them. Latin, Greek and
# Cyrillic are; of these only © and ® can be emoji.
_JOINERS = "\u200c\u200d"
_SELECTORS = "\ufe00-\ufe0f"
_ALONE = (
    f"\x00-\u00a8\u00aa-\u00ad\u00af-\u058f\u2028\u2029{_OVERRIDES}{_UNSEEN}{_JOINERS}\ud800-\udfff"
)
_KEYCAP = "\u20e3"
_HARMFUL = re.compile(
    f"[{_CONTROLS}{_OVERRIDES}{_UNSEEN}]"
    f"|(?<![^{_ALONE}])[{_JOINERS}]"
    f"|[{_JOINERS}](?![^{_ALONE}{_SELECTORS}])"
    f"|(?<![^{_ALONE}{_SELECTORS}])[{_SELECTORS}](?!{_KEYCAP})"
)
_MARKS = 6  # on one character: more than any language stacks


def visible(text: str) -> str:
    """The text on one line, with everything that could drive a terminal or hide shown escaped.

    A line's end becomes ``⏎``, an escape character ``\\x1b``. Combining marks stay as far as
    there is a character in the text for them, and not too many on one.
    """
    if text.isascii() and text.isprintable():
        return text
    return _without_heaps(_HARMFUL.sub(_escaped_match, text.replace("\r\n", "\n")))


def _without_heaps(text: str) -> str:
    marks = _MARKS  # before the first character there is only what is not of this text
    shown = []
    for char in text:
        marks = marks + 1 if unicodedata.category(char) in {"Mn", "Me"} else 0
        shown.append(char if marks <= _MARKS else _escaped(char))
    return "".join(shown)


def _escaped_match(match: re.Match[str]) -> str:
    return _escaped(match[0])


def _escaped(char: str) -> str:
    if char == "\n":
        return "⏎"
    code = ord(char)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
