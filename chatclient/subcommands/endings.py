"""How subcommands end: with an exit code that tells a script what to do."""

from __future__ import annotations

from twisted.internet.defer import CancelledError

from chatclient.language import marked
from chatclient.steady.client import SteadyClient

OK = 0
FAILED = 1
USAGE = 2
LOG_IN = 3
UNKNOWN = 4

EXIT_CODES = marked(
    """\
exit codes:
  0  done
  1  refused or failed; stderr says why
  2  wrong arguments
  3  log in first, or again: chatclient login
"""
)


class Ending(Exception):
    """The end of a subcommand that could not do its work; the text says why, and what to do."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


async def stop(client: SteadyClient) -> None:
    """Stop it in good order; being cancelled meanwhile takes nothing from that."""
    try:
        await client.stop()
    except CancelledError:
        await client.stop()
