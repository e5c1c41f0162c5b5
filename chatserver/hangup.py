"""SIGHUP, of which a process dies at once if it does nothing about it."""

from __future__ import annotations

import os
import signal
from typing import Any

from twisted.logger import Logger

_log = Logger()
_STDIN = 0


def heed(reactor: Any) -> None:
    """From now on, stop in good order when the terminal is closed in which this process runs.

    Sent by somebody, the signal changes nothing. Where the process was started to ignore it, as
    by nohup, it does.
    """
    began_in_terminal = os.isatty(_STDIN)

    def hung_up() -> None:
        if began_in_terminal and not os.isatty(_STDIN):
            _log.info("SIGHUP: the terminal was closed, and the server stops")
            reactor.stop()
        else:
            _log.info(
                "SIGHUP changes nothing: renewed certificates are taken into use without it, and "
                "new settings need a restart"
            )

    if signal.getsignal(signal.SIGHUP) is signal.SIG_DFL:
        signal.signal(signal.SIGHUP, lambda *_: reactor.callFromThread(hung_up))
