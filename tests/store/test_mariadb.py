"""The store's tests on MariaDB, as far as they are not about SQLite's files and locks."""

from __future__ import annotations

from typing import Any

from tests.store import (
    test_accounts,
    test_backlogs,
    test_conversations,
    test_cursors,
    test_devices,
    test_groups,
    test_log,
    test_log_commits,
    test_log_trouble,
    test_places,
)
from tests.store.cases import StoreCase, append_all
from tests.support.mariadb import mariadb


class OnMariaDB(StoreCase):
    """A store on a new database of a real MariaDB server."""

    def new_database(self) -> str:
        self.name, url = mariadb().new_database()
        return url

    def execute(self, sql: str) -> None:
        mariadb().execute(sql, self.name)

    def rows(self, sql: str, *values: object) -> list[Any]:
        return mariadb().execute(sql.replace("?", "%s"), self.name, values)


class AccountTests(OnMariaDB, test_accounts.AccountTests):
    pass


class FriendTests(OnMariaDB, test_accounts.FriendTests):
    pass


class BacklogTests(OnMariaDB, test_backlogs.BacklogTests):
    pass


class NewDeviceTests(OnMariaDB, test_backlogs.NewDeviceTests):
    pass


class PairTests(OnMariaDB, test_conversations.PairTests):
    pass


class MembershipTests(OnMariaDB, test_conversations.MembershipTests):
    pass


class CursorTests(OnMariaDB, test_cursors.CursorTests):
    pass


class DeviceTests(OnMariaDB, test_devices.DeviceTests):
    pass


class TokenTests(OnMariaDB, test_devices.TokenTests):
    pass


class GroupTests(OnMariaDB, test_groups.GroupTests):
    pass


class AppendTests(OnMariaDB, test_log.AppendTests):
    pass


class CidTests(OnMariaDB, test_log.CidTests):
    pass


class ReadingTests(OnMariaDB, test_log.ReadingTests):
    pass


class GroupCommitTests(OnMariaDB, test_log_commits.GroupCommitTests):
    pass


class TwoWritersTests(OnMariaDB, test_log_trouble.TwoWritersTests):
    pass


class UnwritableTests(OnMariaDB, test_log_trouble.UnwritableTests):
    pass


class LongBatchTests(OnMariaDB):
    """More text at once than the server takes in one statement."""

    async def test_it_is_stored_in_several(self) -> None:
        ((before,),) = mariadb().execute("SELECT @@GLOBAL.max_allowed_packet")
        mariadb().execute(f"SET GLOBAL max_allowed_packet = {2**20}")
        self.addCleanup(mariadb().execute, f"SET GLOBAL max_allowed_packet = {before}")
        (one,) = await self.accounts(1)
        texts = [f"{at}" + "\0" * 16_000 for at in range(100)]
        drafts = [self.draft(one, (one, one), text) for text in texts]
        stored = await append_all(self.store.log, drafts)
        self.assertEqual([each.seq for each in stored], list(range(1, 101)))
        bodies = self.rows("SELECT body FROM messages ORDER BY seq")
        self.assertEqual([body for (body,) in bodies], texts)


class SharedPlacesTests(OnMariaDB, test_places.SharedPlacesTests):
    pass
