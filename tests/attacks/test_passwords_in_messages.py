"""No message about a URL that can't be used quotes its password, or a part of it."""

from __future__ import annotations

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from chatserver.bus.redis_address import RedisUnusable, address_of
from chatserver.store.engines import engine_of
from chatserver.store.errors import DatabaseUnusable

#: Passwords as people write them, though some characters should be %XX.
PASSWORDS = ("hush", "hu/sh", "hu:sh", "hu@hush", "[hush", "hush]", "hu#sh", "hu?sh", "hu/sh:ush")


class PasswordTests(SynchronousTestCase):
    def test_databases(self) -> None:
        for password in PASSWORDS:
            for url in (
                f"mysql://chat:{password}@h:port/chat",
                f"mysql://chat:{password}@h:99999/chat",
                f"mysql://chat:{password}@h/no-name",
                f"mariadb://chat:{password}@h/chat",
            ):
                text = str(self.assertRaises(DatabaseUnusable, engine_of, url))
                self.assert_tells_nothing(text)

    def test_redis(self) -> None:
        for password in PASSWORDS:
            for url in (
                f"redis://:{password}@h:port",
                f"redis://chat:{password}@h/x",
                f"rediss://chat:{password}@h?bogus=1",
                f"http://chat:{password}@h",
            ):
                text = str(self.assertRaises(RedisUnusable, address_of, url, Clock()))
                self.assert_tells_nothing(text)

    def assert_tells_nothing(self, text: str) -> None:
        self.assertNotIn("hu", text)
        self.assertNotIn("sh", text.replace("mysql://", ""))
