"""The log as twistd writes it, for less time: each login is a line of it."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from twisted.logger import (
    FileLogObserver,
    ILogObserver,
    LogEvent,
    formatEventAsClassicLogText,
    formatTime,
)
from twisted.python.components import Componentized
from twisted.scripts._twistd_unix import UnixAppLogger


def use_cheap_time(application: Any, options: Any) -> None:
    """Let twistd log as it would, but with a clock that is read out once a second.

    Where it is told to log to something else than a file, nothing changes.

    :param application: the program's services, before its log begins.
    :param options: twistd's own.
    """
    if isinstance(application, Componentized) and not (options["logger"] or options["syslog"]):
        observer = UnixAppLogger(options)._getLogObserver()
        if isinstance(observer, FileLogObserver):
            observer.formatEvent = _text_of
            application.setComponent(ILogObserver, observer)


def _text_of(event: LogEvent) -> str | None:
    return formatEventAsClassicLogText(event, _time_of)


def _time_of(moment: float | None) -> str:
    return formatTime(None) if moment is None else _time_of_second(int(moment))


@lru_cache(maxsize=2)
def _time_of_second(second: int) -> str:
    return formatTime(second)
