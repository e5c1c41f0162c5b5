"""Reading a catalog of translations: gettext's PO format, as translators' tools write it.

The text form is read as it is, so nothing has to be compiled, at install or by hand.
"""

from __future__ import annotations

import ast
import re

_ENTRY = re.compile(
    r"""^msgid \s+ (?P<original> (?: "(?: [^"\\] | \\. )*" \s* )+ )
        ^msgstr \s+ (?P<translated> (?: "(?: [^"\\] | \\. )*" \s* )+ )""",
    re.VERBOSE | re.MULTILINE,
)
_PIECE = re.compile(r'"(?:[^"\\]|\\.)*"')


def parse_catalog(text: str) -> dict[str, str]:
    """The translation of each text that has one; of the header nothing."""
    entries = {
        _joined(entry["original"]): _joined(entry["translated"]) for entry in _ENTRY.finditer(text)
    }
    return {original: translated for original, translated in entries.items() if original}


def _joined(pieces: str) -> str:
    return "".join(ast.literal_eval(piece) for piece in _PIECE.findall(pieces))
