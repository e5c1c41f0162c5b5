"""How many processes serve, and what the settings must be like for more than one."""

from __future__ import annotations

import os

from chatserver.ports import can_be_shared
from chatserver.settings import Settings, SettingsError


def number_of_workers(settings: Settings) -> int:
    """How many processes shall serve."""
    return settings.workers or len(os.sched_getaffinity(0))


def check_settings(settings: Settings, count: int) -> None:
    """
    :raises SettingsError: the settings are not fit for several processes.
    """
    missing = []
    if not settings.database.startswith("mysql:"):
        missing.append("a MySQL or MariaDB (--database mysql://...)")
    if not settings.redis:
        missing.append("a Redis (--redis redis://...)")
    if missing:
        raise SettingsError(f"--workers: {count} processes need {' and '.join(missing)}")
    for port in settings.port + settings.web:
        if not can_be_shared(port):
            raise SettingsError(
                f"--workers: the port {port!r} can't be shared by processes; those can that begin "
                "with tcp:, tcp6: or ssl: and a number"
            )
