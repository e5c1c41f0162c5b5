"""Alt with a letter, a digit or Enter, as terminals send them."""

from __future__ import annotations

import string
from typing import Any, NamedTuple

from textual._ansi_sequences import ANSI_SEQUENCES_KEYS


class _Key(NamedTuple):
    value: str


def tell_keys_with_alt() -> None:
    """Let each of them be a key of its own, known at once.

    Textual waits a while for what may follow on the escape before a letter, and takes it for a
    text if another escape follows; a digit it takes for the character that some keyboards have
    there; and of Alt+Enter it sees only Enter, which would send what is not finished.
    """
    sequences: Any = ANSI_SEQUENCES_KEYS
    for key in string.ascii_lowercase + string.digits:
        sequences[f"\x1b{key}"] = (_Key(f"alt+{key}"),)
    for enter in ("\r", "\n"):
        sequences[f"\x1b{enter}"] = (_Key("alt+enter"),)
