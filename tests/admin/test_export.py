"""A person's data as JSON lines."""

from __future__ import annotations

import json
import os
import stat
from argparse import Namespace
from typing import Any

from chatserver.admin.commands import CannotDo
from chatserver.admin.export import export
from chatserver.settings import Settings
from chatserver.store import exports
from chatserver.store.direct import DirectDatabase, at_once
from chatserver.store.engines import engine_of
from tests.store.cases import StoreCase
from tests.store.test_mariadb import OnMariaDB
from tests.support.folders import temporary_folder


class ExportTests(StoreCase):
    """export USER."""

    def setUp(self) -> None:
        super().setUp()
        self.folder = temporary_folder(self)

    async def fill(self) -> None:
        self.me, self.other, self.stranger = await self.accounts(3)
        await self.enter(self.me, "phone")
        await self.enter(self.me, "")
        await self.store.friends.add(self.me, self.other)
        group = await self.store.groups.create(self.other, "tea", "about")
        self.group = group.id
        await self.send(self.other, group.conversation, "before")
        await self.store.groups.join(self.me, group.id)
        await self.send(self.other, group.conversation, "after")
        for text in ("one", "two\u0000", "three", "茶"):
            await self.send(self.me, (self.me, self.other), text, cid=f"cid {text}")
        await self.send(self.other, (self.me, self.other), "answer", cid="theirs")
        await self.send(self.stranger, (self.other, self.stranger), "not theirs")

    def export(self, *, output: str = "out.jsonl") -> list[dict[str, Any]]:
        path = self.folder / output
        options = Namespace(user=f"id:{self.me}", output=path)
        [self.said] = list(export(Settings(database=self.url), options))
        self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600)
        return [json.loads(line) for line in path.read_text().splitlines()]

    def of_type(self, lines: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
        return [line for line in lines if line["type"] == kind]

    async def test_it_has_all_that_is_theirs_and_nothing_else(self) -> None:
        await self.fill()
        lines = self.export()
        header, account = lines[:2]
        self.assertEqual((header["type"], header["version"]), ("header", 1))
        self.assertEqual((account["id"], account["name"]), (self.me, "user 1"))
        self.assertEqual(lines[-1], {"type": "end", "messages": 6})
        self.assertEqual([one["name"] for one in self.of_type(lines, "device")], ["", "phone"])
        friends = self.of_type(lines, "friend")
        self.assertEqual(friends, [{"type": "friend", "id": self.other, "name": "user 2"}])
        [group] = self.of_type(lines, "group")
        self.assertEqual(
            (group["groupid"], group["groupname"], group["role"], group["joined_after"]),
            (self.group, "tea", "normal", 1),
        )
        [pair] = self.of_type(lines, "conversation")
        self.assertEqual((pair["toid"], pair["name"]), (self.other, "user 2"))
        messages = self.of_type(lines, "message")
        self.assertEqual(
            [one["msg"] for one in messages],
            ["after", "one", "two\u0000", "three", "茶", "answer"],
        )
        self.assertEqual(messages[1]["cid"], "cid one")
        self.assertNotIn("cid", messages[-1], "another's")
        self.assertNotIn("hash", json.dumps(lines))

    async def test_pages_follow_each_other(self) -> None:
        await self.fill()
        whole = self.export()
        self.patch(exports, "_PAGE", 2)
        paged = self.export(output="paged.jsonl")
        self.assertEqual(paged[1:], whole[1:])

    async def test_it_is_of_one_moment(self) -> None:
        await self.fill()
        texts: list[str] = []

        def work(reader: exports.AccountReader) -> None:
            places = list(reader.places())
            # What another connection commits from now on.
            self.execute(f"UPDATE accounts SET name = 'changed' WHERE id = {self.me}")
            self.execute("DELETE FROM messages")
            texts.append(reader.account()[0])
            for place in places:
                for page in reader.messages(place.membership):
                    texts.extend(message.text for message in page)

        with DirectDatabase(engine_of(self.url)) as database:
            at_once(exports.read_account(database, self.me, work))
        self.assertEqual(texts[0], "user 1")
        self.assertEqual(len(texts), 7)

    async def test_it_replaces_nothing_and_leaves_no_half(self) -> None:
        await self.fill()
        self.export()
        self.assertRaises(CannotDo, self.export)
        self.assertRaises(CannotDo, self.export, output="no folder/out.jsonl")
        self.patch(os, "fsync", self._full)
        self.assertRaises(CannotDo, self.export, output="full.jsonl")
        self.assertFalse((self.folder / "full.jsonl").exists())

    def _full(self, descriptor: int) -> None:
        raise OSError(28, "No space left on device")


class ExportOnMariaDBTests(OnMariaDB, ExportTests):
    """The same on a MariaDB."""


# What is shared is no test by itself.
del OnMariaDB
