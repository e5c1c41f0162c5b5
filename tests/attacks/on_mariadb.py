"""A server whose data is in a real MariaDB."""

from __future__ import annotations

from typing import Any

from tests.support.mariadb import mariadb
from tests.support.servers import ServerCase


class OnMariaDB(ServerCase):
    """Put this before a case's own class, and the case runs on MariaDB."""

    def setUp(self) -> None:
        self.name, url = mariadb().new_database()
        self.settings = {**self.settings, "database": url}
        super().setUp()

    def sql(self, statement: str, *values: Any) -> list[Any]:
        return mariadb().execute(statement.replace("?", "%s"), self.name, values)
