"""The log as twistd keeps it, with lines of the server's own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twisted.logger import FileLogObserver, ILogObserver
from twisted.python.components import Componentized
from twisted.scripts._twistd_unix import UnixAppLogger

from chatserver.logs.lines import FORMATS


def is_file(options: Mapping[str, Any]) -> bool:
    """Whether twistd writes lines to a file or standard output, and not to something else.

    :param options: twistd's own.
    """
    return not (options["logger"] or options["syslog"])


def use_format(application: Any, options: Mapping[str, Any], name: str) -> None:
    """Let twistd log where it would, in a format of ``FORMATS``.

    Where it is told to log to something else than a file, nothing changes.

    :param application: the program's services, before its log begins.
    :param options: twistd's own.
    """
    if isinstance(application, Componentized) and is_file(options):
        observer = UnixAppLogger(options)._getLogObserver()
        if isinstance(observer, FileLogObserver):
            observer.formatEvent = FORMATS[name]
            application.setComponent(ILogObserver, observer)
