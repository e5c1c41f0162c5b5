"""The file of what survives."""

from __future__ import annotations

import os

from twisted.trial.unittest import SynchronousTestCase

from chatclient.conversations.kept import Kept, KeptConversation, KeptFile, KeptText
from tests.support.folders import temporary_folder


class KeptFileTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.folder = temporary_folder(self)
        self.path = self.folder / "conversations.json"
        self.file = KeptFile(self.path)

    def test_nothing_at_first(self) -> None:
        self.assertEqual(self.file.load(), Kept())

    def test_comes_back(self) -> None:
        texts = [KeptText("早 \x1b \u202e", "no such user")]
        entry = KeptConversation("group", 2**53 - 1, "tea", 5, 7, "draft\nof two", texts)
        kept = Kept([entry, KeptConversation("user", 1)], ["a", "b"])
        self.file.save(kept)
        self.assertEqual(self.file.load(), kept)

    def test_for_its_owner_alone(self) -> None:
        self.file.save(Kept())
        self.assertEqual(self.path.stat().st_mode & 0o777, 0o600)
        self.assertEqual(os.listdir(self.folder), [self.path.name])

    def test_what_can_t_be_saved_leaves_the_old_one(self) -> None:
        self.file.save(Kept(inputs=["old"]))
        self.assertRaises(UnicodeEncodeError, self.file.save, Kept(inputs=["\ud800"]))
        self.assertEqual(self.file.load().inputs, ["old"])
        self.assertEqual(os.listdir(self.folder), [self.path.name])

    def test_a_damaged_one_is_moved_aside(self) -> None:
        for damage in (b"", b"{", b"[]", b'{"conversations":[{"kind":"cat","id":1}]}', b"\xff"):
            self.path.write_bytes(damage)
            self.assertEqual(self.file.load(), Kept())
            self.assertEqual(self.path.with_name("conversations.json.damaged").read_bytes(), damage)
