"""``python -m chatclient`` and the console script ``chatclient``."""

from __future__ import annotations

import sys
from typing import NoReturn

from twisted.internet import asyncioreactor
from twisted.internet.task import react

from chatclient.terminal.options import parse_options
from chatclient.terminal.start import start


def main() -> NoReturn:
    """Run the terminal client; ends with its exit code."""
    options = parse_options(sys.argv[1:])
    asyncioreactor.install()
    react(start, [options])


if __name__ == "__main__":
    main()
