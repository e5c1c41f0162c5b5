"""The rows of the message pane."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from chatclient.conversations.conversation import Conversation, Outgoing
from chatclient.conversations.peers import user
from chatclient.conversations.timeline import Message
from chatclient.fullscreen.rows import Notice, Row, RowMaker, Shape
from chatclient.fullscreen.wrap import width
from chatserver.wire.times import local_text

ME, LI = 13, 15
MORNING = "2026-11-23T03:45:12.345Z"
AT = local_text(MORNING)[11:16]


def text(row: Row) -> str:
    return "".join(piece for piece, _role in row.pieces)


def roles(row: Row) -> list[str]:
    return [role for _piece, role in row.pieces]


class RowsTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.conversation = Conversation(user(LI), read=0)
        self.maker = RowMaker(ME, Shape(60))

    def add(self, *texts: str, sender: int = LI, name: str = "li si", time: str = MORNING) -> None:
        for each in texts:
            seq = self.conversation.timeline.last + 1
            self.conversation.timeline.add(Message(seq, sender, name, each, time))

    def rows(self, *notices: Notice, head: str = "") -> list[Row]:
        return self.maker.rows(self.conversation, notices, head)

    def shown(self, *notices: Notice, head: str = "") -> list[str]:
        return [text(row).rstrip() for row in self.rows(*notices, head=head)]

    def test_time_name_and_text(self) -> None:
        self.add("hello")
        day, message = self.shown()
        self.assertIn(local_text(MORNING)[:10], day)
        self.assertEqual(message, f"{AT}          li si │ hello")
        self.assertEqual(roles(self.rows()[1]), ["time", "name 15", "bar", "text"])

    def test_one_s_own(self) -> None:
        self.add("hello", sender=ME, name="zhang san")
        self.assertEqual(self.shown()[1], f"{AT}            you ✓ hello")

    def test_the_same_one_in_the_same_minute_goes_on(self) -> None:
        self.add("one", "two")
        self.add("three", time="2026-11-23T03:46:12.345Z")
        self.assertEqual(self.shown()[2], " " * 20 + " │ two")
        self.assertIn("li si │ three", self.shown()[3])

    def test_a_new_day(self) -> None:
        self.add("one")
        self.add("two", time="2026-11-25T03:45:12.345Z")
        self.assertIn("2026-11-25 Wednesday", self.shown()[2])

    def test_long_texts_and_lines_stay_in_their_column(self) -> None:
        self.add("12:00       wang │ " + "word " * 12 + "\n12:00       wang │ me, too")
        rows = self.shown()[1:]
        self.assertGreater(len(rows), 3)
        self.assertTrue(all(row.startswith(" " * 21 + "│ ") for row in rows[1:]), rows)
        self.assertTrue(all(width(row) <= 60 for row in rows))

    def test_wide_names_end_where_others_end(self) -> None:
        self.add("hello")
        self.add("你好", sender=16, name="李雷和韩梅梅和大家")
        one, other = self.shown()[1:]
        self.assertEqual(width(one.partition("│")[0]), width(other.partition("│")[0]))

    def test_what_would_drive_a_terminal_is_escaped(self) -> None:
        self.add("\x1b[2J\u202e", name="\x9b1A")
        row = self.shown()[1]
        self.assertIn("\\x1b[2J\\u202e", row)
        self.assertIn("\\x9b1A", row)

    def test_markup_is_text(self) -> None:
        self.add("[red]no[/red] [link='x']")
        self.assertIn("[red]no[/red] [link='x']", self.shown()[1])

    def test_where_the_unread_begins(self) -> None:
        self.add("one", "two", "three")
        self.conversation.marker = 1
        rows = self.shown()
        self.assertTrue(rows[2].startswith("── unread ──"), rows)
        self.assertIn("li si │ two", rows[3])

    def test_texts_on_their_way_and_refused_ones(self) -> None:
        self.conversation.outgoing = [
            Outgoing("a", "on its way"),
            Outgoing("b", "refused", "no such \x1b user"),
        ]
        first, second, *why = self.shown()
        self.assertTrue(first.endswith("you … on its way"))
        self.assertTrue(second.endswith("you ✗ refused"))
        self.assertIn("no such \\x1b user", " ".join(row.strip() for row in why))

    def test_notices_stand_where_they_came(self) -> None:
        self.add("one", "two")
        rows = self.shown(Notice(1, "done\nand done"), Notice(9, "last"))
        self.assertEqual([row.strip() for row in rows[2:4]], ["- done", "- and done"])
        self.assertIn("li si │ two", rows[4])
        self.assertEqual(rows[-1].strip(), "- last")

    def test_the_head(self) -> None:
        self.assertTrue(self.shown(head="the beginning")[0].startswith("── the beginning ──"))

    def test_a_time_that_is_none(self) -> None:
        self.add("one", time="soon")
        self.assertTrue(self.shown()[1].startswith("?"))

    def test_narrow_ones(self) -> None:
        self.maker = RowMaker(ME, Shape(34))
        self.add("hello there, how are you", name="somebody with a name")
        self.assertEqual(self.shown()[1], f"{AT} somebod… │ hello there, how")
