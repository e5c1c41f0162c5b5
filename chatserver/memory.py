"""Giving memory back that a crowd has left behind."""

from __future__ import annotations

import ctypes
import gc
from collections.abc import Callable
from contextlib import suppress

#: How often :meth:`Memory.look` is to be called, in seconds.
INTERVAL = 2.0
_CROWD = 500
# New objects after which Python looks for cycles among them.
_SEARCHED_AFTER = 25_000


class Memory:
    """Tidies up when a crowd has gone, of at least as many as are still there.

    Python may not look for hours for cycles of objects in a quiet server; and what closed
    connections free, the C library keeps.

    :param here: how many there are now.
    :param gone: how many have ever gone.
    """

    def __init__(
        self, here: Callable[[], int], gone: Callable[[], int], tidy: Callable[[], None]
    ) -> None:
        self._here = here
        self._gone = gone
        self._tidy = tidy
        self._tidied = 0

    def look(self) -> None:
        """Tidy up, if it is time."""
        gone = self._gone()
        if gone - self._tidied >= max(_CROWD, self._here()):
            self._tidied = gone
            self._tidy()


def search_less() -> None:
    """Let Python look for garbage less often, once all that stays is there.

    It need not look at that again; and what logins and requests in progress make is best looked
    at when it has gone.
    """
    gc.freeze()
    gc.set_threshold(_SEARCHED_AFTER)


def tidy() -> None:
    """Free what is not used, and give it back to the system."""
    gc.collect()
    with suppress(AttributeError):  # a C library that is not GNU's
        ctypes.CDLL(None).malloc_trim(0)
