"""Every field of every request with every kind of JSON value."""

from __future__ import annotations

from typing import Any

import msgspec
from twisted.trial.unittest import SynchronousTestCase

from chatserver.wire.requests import BY_MSGID
from tests.attacks.grammar import NUMBERS, OTHERS, TEXTS
from tests.attacks.oracle import RULES
from tests.support.servers import ServerCase
from tests.support.wire import Json, WireClient
from tests.wire.samples import LEAST

VALUES: tuple[Any, ...] = (*NUMBERS, *OTHERS, *TEXTS, "x" * 16_385)


def typed_fields(msgid: int) -> set[str]:
    """The fields of a request that not every value fits."""
    hints = msgspec.structs.fields(BY_MSGID[msgid])
    return {field.name for field in hints if field.type is not Any} - {"req"}


class RuleTests(SynchronousTestCase):
    def test_there_are_rules_for_every_field_of_every_request(self) -> None:
        self.assertEqual(RULES.keys(), BY_MSGID.keys())
        for msgid, rule in RULES.items():
            self.assertEqual(rule.fields.keys(), typed_fields(msgid), msgid)
            required = {
                field.name for field in msgspec.structs.fields(BY_MSGID[msgid]) if field.required
            }
            self.assertEqual(set(rule.required), required, msgid)


class FieldTests(ServerCase):
    settings = {"rate": 0.0, "register_rate": 0.0}

    async def test_wrong_values_are_refused_by_name(self) -> None:
        count = 0
        _, inside = await self.user()
        outside = await self.connect()
        for msgid, rule in RULES.items():
            client = outside if rule.needs_login is False else inside
            for name, is_valid in rule.fields.items():
                for value in VALUES:
                    if not is_valid(value):
                        count += 1
                        await self.assert_refused(client, {**LEAST[msgid], name: value}, name)
        self.assertGreater(count, 20 * len(VALUES))
        self.assertEqual(self.sql("SELECT COUNT(*) FROM accounts"), [(1,)])
        for table in ("messages", "chat_groups", "friends"):
            self.assertEqual(self.sql(f"SELECT * FROM {table}"), [], table)

    async def test_missing_ones_as_well(self) -> None:
        _, inside = await self.user()
        outside = await self.connect()
        for msgid, rule in RULES.items():
            client = outside if rule.needs_login is False else inside
            for name in rule.required:
                request = {key: value for key, value in LEAST[msgid].items() if key != name}
                await self.assert_refused(client, request, name)

    async def assert_refused(self, client: WireClient, request: Json, field: str) -> None:
        reply = await client.ask(request)
        self.assert_errno(reply, 102)
        self.assertEqual(reply["errmsg"].split()[0], field, str(request)[:200])
