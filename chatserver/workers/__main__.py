"""A worker: started by ``twistd chatserver --workers``, never by hand."""

from __future__ import annotations

import signal


def main() -> None:
    # Ctrl-C in a terminal and its end reach all processes: the one that started this one sees to
    # it.
    for each in (signal.SIGINT, signal.SIGHUP):
        signal.signal(each, signal.SIG_IGN)
    from twisted.internet import reactor

    from chatserver.workers.process import run

    run(reactor)


if __name__ == "__main__":
    main()
