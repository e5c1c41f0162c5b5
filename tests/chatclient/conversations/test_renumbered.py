"""Conversations that get another number, as the server went back to a backup."""

from __future__ import annotations

import json

from chatclient.conversations.kept import KeptFile
from chatserver.errors import NoSuchUser
from tests.chatclient.conversations.case import ConversationsCase
from tests.chatclient.conversations.fake_client import ME, own, push
from tests.support.folders import temporary_folder

NEW = 1_000_007


class RenumberedTests(ConversationsCase):
    """Five messages are known, two of them not read; the backup has the first two."""

    def setUp(self) -> None:
        super().setUp()
        self.begin()
        self.receive(1, 2, 3)
        self.conversations.enter(self.li)
        self.conversations.leave()
        self.receive(4, 5)
        self.client.server.log = [push(seq, "old", conv=NEW) for seq in (1, 2)]

    def come_back(self) -> None:
        """The server is back in its earlier state."""
        self.client.lose()
        self.client.log_in()

    def push_new(self, *seqs: int) -> None:
        """Messages are stored, and pushed."""
        for seq in seqs:
            message = push(seq, "new", conv=NEW)
            self.client.server.log.append(message)
            self.conversations.event(message)

    def texts(self) -> list[tuple[int, str]]:
        return [(each.seq, each.text) for each in self.li.timeline.messages]

    def test_what_is_pushed_is_shown_and_unread(self) -> None:
        self.come_back()
        self.push_new(3, 4)
        self.assertEqual(self.texts(), [(3, "new"), (4, "new")])
        self.assertEqual((self.li.unread(ME), self.li.known), (2, 4))
        self.conversations.enter(self.li)
        self.conversations.history.load_older(self.li)
        self.assertEqual(self.texts(), [(1, "old"), (2, "old"), (3, "new"), (4, "new")])
        self.assertEqual((self.li.unread(ME), self.li.marker), (0, 2))

    def test_a_program_that_was_off_meanwhile_notices_as_well(self) -> None:
        self.restart()
        self.client.server.log = [push(seq, "new", conv=NEW) for seq in (1, 2, 3)]
        self.begin()
        self.assertEqual(self.texts(), [(1, "new"), (2, "new"), (3, "new")])
        for message in self.client.server.log:
            self.conversations.event(message)
        self.assertEqual(self.li.unread(ME), 3)

    def test_a_program_that_was_ended_before_anything_was_pushed_notices_later(self) -> None:
        self.restart()
        self.client.server.log = [push(seq, "old", conv=NEW) for seq in (1, 2)]
        self.begin()
        self.assertEqual((self.texts(), self.li.unread(ME)), ([(1, "old"), (2, "old")], 0))
        self.restart()
        self.assertEqual(self.li.unread(ME), 0)
        self.begin()
        self.push_new(3)
        self.assertEqual(self.li.unread(ME), 1)

    def test_who_looks_sees_it_at_once(self) -> None:
        self.conversations.enter(self.li)
        self.come_back()
        self.assertEqual(self.texts(), [(1, "old"), (2, "old")])
        self.push_new(3)
        self.assertEqual(self.texts(), [(1, "old"), (2, "old"), (3, "new")])
        self.assertEqual((self.li.unread(ME), self.li.read, self.li.marker), (0, 3, None))

    def test_who_looks_away_gets_a_line(self) -> None:
        self.conversations.enter(self.li)
        self.conversations.watch(False)
        self.client.server.log.append(push(3, "new", conv=NEW))
        self.come_back()
        self.conversations.event(self.client.server.log[-1])
        self.assertEqual((self.li.unread(ME), self.li.marker), (1, 2))
        self.push_new(4)
        self.assertEqual((self.li.unread(ME), self.li.marker), (2, 2))

    def test_only_the_first_push_says_where_the_unread_begins(self) -> None:
        self.come_back()
        self.push_new(3, 4)
        self.conversations.enter(self.li)
        self.conversations.leave()
        self.push_new(5)
        self.assertEqual((self.li.unread(ME), self.li.read), (1, 4))

    def test_a_text_of_ones_own_begins_it_anew(self) -> None:
        self.come_back()
        self.conversations.send(self.li, "mine")
        self.client.store(0, 4, conv=NEW)
        self.assertEqual((self.texts(), self.li.outgoing), ([(4, "mine")], []))
        self.assertEqual(self.li.unread(ME), 0)
        self.conversations.event(push(3, "new", conv=NEW))
        self.assertEqual(self.li.unread(ME), 1)

    def test_messages_that_wait_for_others_wait_no_more(self) -> None:
        self.client.server.is_slow = True
        self.receive(8)
        self.come_back()
        self.push_new(3, 8)
        self.assertEqual(self.texts(), [(3, "new")])
        self.client.server.log[-1:] = [push(seq, "new", conv=NEW) for seq in range(4, 9)]
        self.client.server.answer()
        self.assertEqual(self.texts()[-1], (8, "new"))
        self.assertEqual(self.seqs(), list(range(1, 9)))

    def test_an_older_page_of_another_number_is_not_put_before_this_one(self) -> None:
        self.conversations.enter(self.li)
        self.li.timeline.shorten(2)
        self.conversations.history.load_older(self.li)
        self.assertEqual(self.texts(), [])
        self.conversations.history.load_older(self.li)
        self.assertEqual(self.texts(), [(1, "old"), (2, "old")])

    def test_drafts_and_texts_on_their_way_stay(self) -> None:
        self.conversations.keep_draft(self.li, "unfinis")
        self.conversations.send(self.li, "refused")
        self.conversations.send(self.li, "on its way")
        self.client.refuse(0, NoSuchUser())
        self.come_back()
        self.push_new(3)
        self.assertEqual(self.li.draft, "unfinis")
        self.assertEqual([each.text for each in self.li.outgoing], ["refused", "on its way"])

    def test_own_messages_from_elsewhere_are_not_unread(self) -> None:
        self.come_back()
        self.conversations.event(own(3, "elsewhere", conv=NEW))
        self.assertEqual((self.texts(), self.li.unread(ME)), ([(3, "elsewhere")], 0))


class OldFileTests(ConversationsCase):
    """A file that knows no numbers."""

    def setUp(self) -> None:
        self.path = temporary_folder(self) / "conversations.json"
        kept = {"kind": "user", "id": 15, "read": 2, "known": 3}
        self.path.write_text(json.dumps({"conversations": [kept]}))
        super().setUp()
        self.file = KeptFile(self.path)
        self.start()
        self.begin()

    def test_it_keeps_what_is_unread(self) -> None:
        self.receive(3, 4)
        self.assertEqual((self.li.unread(ME), self.li.read), (2, 2))

    def test_the_number_is_kept_from_then_on(self) -> None:
        self.receive(3)
        self.restart()
        self.assertEqual(self.li.conv, 7)
        self.begin()
        self.conversations.event(push(1, "new", conv=NEW))
        self.assertEqual((self.li.unread(ME), self.li.read), (1, 0))
