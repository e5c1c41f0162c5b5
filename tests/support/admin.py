"""chatserver-admin inside the test's process, beside servers that run there, too."""

from __future__ import annotations

import json
from typing import Any

from twisted.internet.threads import deferToThread

from chatserver.admin.program import lines


async def admin(database: str, *arguments: str) -> list[str]:
    """What a command prints.

    It runs in a thread, as it waits for the servers.

    :param database: the URL.
    """

    def run() -> list[str]:
        return list(lines([*arguments, "--database", database]))

    printed: list[str] = await deferToThread(run)
    return printed


async def admin_json(database: str, *arguments: str) -> list[Any]:
    """The objects that it prints with ``--json``."""
    return [json.loads(line) for line in await admin(database, *arguments, "--json")]
