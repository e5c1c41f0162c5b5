"""Alt with a digit or Enter, as terminals send them."""

from __future__ import annotations

from enum import Enum
from typing import Any

from textual._ansi_sequences import ANSI_SEQUENCES_KEYS


class _Key(Enum):
    ALT_ENTER = "alt+enter"


def tell_keys_with_alt() -> None:
    """Let Alt+1 and Alt+Enter be keys of their own.

    Textual takes the one for the character that some keyboards have there, and of the other it
    sees only Enter, which would send what is not finished.
    """
    sequences: Any = ANSI_SEQUENCES_KEYS
    for digit in range(10):
        sequences.pop(f"\x1b{digit}", None)
    for enter in ("\r", "\n"):
        sequences[f"\x1b{enter}"] = (_Key.ALT_ENTER,)
