"""Texts of the old database: what their bytes meant, and what may be a name here."""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec

from chatserver.wire.fields import MAX_NAME, Name

#: How texts may stand in the old database: as declared, or as bytes of one encoding that a client
#: passed off as another. That encoding, and the true one.
ENCODINGS: dict[str, tuple[str, str] | None] = {
    "declared": None,
    "utf8-as-latin1": ("latin1", "utf-8"),
    "utf8-as-gbk": ("gbk", "utf-8"),
    "gbk-as-latin1": ("latin1", "gb18030"),
}
_SURE = 0.9  # of the texts that are not ASCII
_NOT_IN_NAMES = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def find_encoding(texts: Iterable[str]) -> str:
    """The one of ENCODINGS by which nearly all texts that are not ASCII make sense."""
    strange = {text for text in texts if not text.isascii()}
    for name, test in (
        ("utf8-as-latin1", "utf-8"),
        ("utf8-as-gbk", "utf-8"),
        # In GBK nearly everything means something; in this, its oldest part, little does.
        ("gbk-as-latin1", "gb2312"),
    ):
        ways = ENCODINGS[name]
        assert ways is not None
        fit = sum(_recoded(text, ways[0], test) is not None for text in strange)
        if strange and fit >= len(strange) * _SURE:
            return name
    return "declared"


def mended(text: str, encoding: str) -> str:
    """A text as it was meant; where it can't have been stored that way, as it is."""
    ways = ENCODINGS[encoding]
    if ways is None or text.isascii():
        return text
    recoded = _recoded(text, *ways)
    return text if recoded is None else recoded


def name_of(text: str, id: int) -> str:
    """What a name becomes under this server's rules; it may be the same."""
    name = _NOT_IN_NAMES.sub("", text).strip()[:MAX_NAME].strip()
    try:
        return msgspec.convert(name, Name)
    except msgspec.ValidationError:
        return f"user {id}"


def _recoded(text: str, wrong: str, right: str) -> str | None:
    try:
        raw = _latin1(text) if wrong == "latin1" else text.encode(wrong)
        return raw.decode(right)
    except UnicodeError:
        return None


def _latin1(text: str) -> bytes:
    """The bytes of what MySQL calls latin1: Windows' variety, with its holes filled."""
    return b"".join(
        each.encode("latin1") if ord(each) < 256 else each.encode("cp1252") for each in text
    )
