"""The database that a command works on."""

from __future__ import annotations

from chatserver.admin.commands import PROGRAM, CannotDo
from chatserver.settings import Settings
from chatserver.store.direct import DirectDatabase
from chatserver.store.engines import engine_of


def open_database(settings: Settings, *, is_patient: bool = False) -> DirectDatabase:
    """The database of the settings, as it is: nothing is made or migrated.

    :param is_patient: a statement may take hours.
    :raises DatabaseUnusable: it can't be used.
    :raises CannotDo: its tables are not those that this program knows.
    """
    engine = engine_of(settings.database)
    versions = engine.look()
    if not versions.found:
        raise CannotDo(
            f"{engine.name} has no tables of a chat server: check --database and --config, or make "
            f"them with `{PROGRAM} migrate`"
        )
    if not versions.is_current:
        raise CannotDo(
            f"{engine.name} has schema version {versions.found}, this program needs "
            f"{versions.needed}: run `{PROGRAM} migrate`"
        )
    if is_patient:
        engine.be_patient()
    return DirectDatabase(engine)
