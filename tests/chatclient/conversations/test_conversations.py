"""Conversations: what is unread, what is on its way, what is read from the server."""

from __future__ import annotations

from chatclient import Replaced, Unsent
from chatclient.conversations.peers import group, user
from chatserver.errors import NoSuchUser, NotAMember, TryAgain
from chatserver.wire.frames import Friend, Group, GroupUser, PresencePush
from tests.chatclient.conversations.case import ConversationsCase
from tests.chatclient.conversations.fake_client import ME, group_push, own, push


class ListTests(ConversationsCase):
    def test_friends_and_groups_then_who_writes(self) -> None:
        self.conversations.begin(self.client)
        self.client.log_in(
            friends=[Friend(id=20, name="wang", state="offline")],
            groups=[Group(id=2, groupname="tea", groupdesc="", users=[])],
        )
        self.receive(1)
        self.assertEqual([each.peer for each in self.conversations], [user(20), group(2), user(15)])
        self.conversations.event(push(1, sender=20))
        self.client.lose()
        self.client.log_in(friends=[Friend(id=30, name="new", state="online")])
        self.assertEqual(
            [each.peer.id for each in self.conversations], [20, 2, 15, 30], "the order stays"
        )

    def test_names_and_presence(self) -> None:
        members = [GroupUser(id=16, name="qian", state="online", role="normal")]
        self.conversations.begin(self.client)
        self.client.log_in(
            friends=[Friend(id=15, name="li si", state="offline")],
            groups=[Group(id=2, groupname="tea", groupdesc="", users=members)],
        )
        people = self.conversations.people
        self.assertEqual(people.name(user(15)), "li si")
        self.assertEqual(people.name(user(16)), "qian")
        self.assertEqual(people.name(group(2)), "tea")
        self.assertIsNone(people.name(user(99)))
        self.assertEqual(people.state(user(15)), "offline")
        self.conversations.event(PresencePush(id=15, state="online"))
        self.assertEqual(people.state(user(15)), "online")
        self.assertIsNone(people.state(user(16)))
        self.assertEqual([each.id for each in people.members(group(2))], [16])

    def test_who_writes_in_a_group_is_a_member(self) -> None:
        self.conversations.begin(self.client)
        self.client.log_in(groups=[Group(id=2, groupname="tea", groupdesc="", users=[])])
        for seq in (1, 2):
            self.conversations.event(group_push(seq, sender=16))
        members = self.conversations.people.members(group(2))
        self.assertEqual([(each.id, each.name) for each in members], [(16, "name 16")])

    def test_own_messages_from_elsewhere_go_to_whom_they_were_sent(self) -> None:
        self.begin()
        self.conversations.event(own(1))
        self.assertEqual(self.seqs(), [1])
        self.assertEqual(self.li.unread(ME), 0)

    def test_a_forgotten_one_comes_back_with_a_message(self) -> None:
        self.begin()
        self.receive(1)
        self.conversations.forget(self.li)
        self.assertEqual(list(self.conversations), [])
        self.receive(2)
        self.assertEqual([each.peer for each in self.conversations], [user(15)])


class UnreadTests(ConversationsCase):
    def setUp(self) -> None:
        super().setUp()
        self.begin()

    def test_counts_messages_of_others(self) -> None:
        self.receive(1, 2)
        self.conversations.event(own(3))
        self.conversations.event(group_push(1))
        self.assertEqual((self.li.unread(ME), self.conversations.unread), (2, 3))

    def test_who_looks_has_read(self) -> None:
        self.receive(1, 2)
        self.conversations.enter(self.li)
        self.assertEqual((self.li.unread(ME), self.li.marker), (0, 0))
        self.receive(3)
        self.assertEqual((self.li.unread(ME), self.li.marker), (0, 0))
        self.conversations.enter(self.conversations.with_peer(user(20)))
        self.assertIsNone(self.li.marker)
        self.receive(4)
        self.conversations.enter(self.li)
        self.assertEqual(self.li.marker, 3)

    def test_who_looks_away_finds_the_place_again(self) -> None:
        self.conversations.enter(self.li)
        self.receive(1)
        self.assertIsNone(self.li.marker)
        self.conversations.watch(False)
        self.receive(2, 3)
        self.assertEqual((self.li.unread(ME), self.li.marker), (2, 1))
        self.conversations.watch(True)
        self.assertEqual((self.li.unread(ME), self.li.marker), (0, 1))

    def test_what_was_in_view_is_read(self) -> None:
        self.conversations.watch(False)
        self.receive(1, 2, 3)
        self.conversations.enter(self.li)
        self.conversations.see(2)
        self.assertEqual((self.li.unread(ME), self.li.marker), (1, 0))
        self.conversations.see(1)
        self.assertEqual(self.li.unread(ME), 1)
        self.conversations.see(2**53)
        self.assertEqual((self.li.read, self.li.unread(ME)), (3, 0))

    def test_who_answers_needs_no_line(self) -> None:
        self.receive(1)
        self.conversations.enter(self.li)
        self.conversations.send(self.li, "hello")
        self.assertIsNone(self.li.marker)

    def test_the_next_unread_one(self) -> None:
        self.assertIsNone(self.conversations.next_unread())
        for sender in (20, 21, 22):
            self.conversations.event(push(1, sender=sender))
        first, second, third = self.conversations
        self.assertIs(self.conversations.next_unread(), first)
        self.conversations.enter(second)
        self.assertIs(self.conversations.next_unread(), third)
        self.conversations.enter(third)
        self.assertIs(self.conversations.next_unread(), first)
        self.conversations.enter(first)
        self.assertIsNone(self.conversations.next_unread())

    def test_old_messages_of_a_new_device_are_not_unread(self) -> None:
        self.client.server.log = [push(seq) for seq in range(1, 4)]
        self.conversations.enter(self.li)
        self.assertEqual(self.seqs(), [1, 2, 3])
        self.assertEqual((self.li.unread(ME), self.li.marker), (0, None))

    def test_each_message_of_others_is_told(self) -> None:
        self.conversations.event(push(1, "a"))
        self.conversations.event(own(2, "b"))
        self.assertEqual(self.told, ["a"])


class SendingTests(ConversationsCase):
    def setUp(self) -> None:
        super().setUp()
        self.begin()

    def outgoing(self) -> list[tuple[str, str | None]]:
        return [(each.text, each.why) for each in self.li.outgoing]

    def test_a_text_is_on_its_way_and_then_stored(self) -> None:
        self.conversations.send(self.li, "hello")
        self.assertEqual(self.outgoing(), [("hello", None)])
        self.client.store(0, 1)
        self.assertEqual(self.outgoing(), [])
        (message,) = self.li.timeline.messages
        self.assertEqual((message.seq, message.sender, message.text), (1, ME, "hello"))
        self.assertEqual((message.name, self.li.unread(ME)), ("zhang san", 0))

    def test_a_refused_one_can_be_sent_again_or_dropped(self) -> None:
        self.conversations.send(self.li, "hello")
        self.client.refuse(0, NoSuchUser())
        self.assertEqual(self.outgoing(), [("hello", str(NoSuchUser()))])
        self.assertEqual(self.conversations.retry(self.li), 1)
        self.assertEqual(self.outgoing(), [("hello", None)])
        self.assertNotEqual(self.client.sent[0].cid, self.client.sent[1].cid)
        self.client.refuse(1, NoSuchUser())
        self.assertEqual(self.conversations.discard(self.li), 1)
        self.assertEqual(self.outgoing(), [])

    def test_a_text_stays_on_its_way_until_those_before_it_are_there(self) -> None:
        self.receive(1)
        self.client.server.is_slow = True
        self.conversations.send(self.li, "hello")
        self.client.store(0, 3)
        self.assertEqual((self.seqs(), self.outgoing()), ([1], [("hello", None)]))
        self.receive(2)
        self.assertEqual((self.seqs(), self.outgoing()), ([1, 2, 3], []))

    def test_the_history_tells_that_a_text_was_stored(self) -> None:
        self.conversations.send(self.li, "hello")
        cid = self.client.sent[0].cid
        self.client.server.log = [own(1, "hello", cid=cid)]
        self.conversations.enter(self.li)
        self.assertEqual((self.seqs(), self.outgoing()), ([1], []))
        self.client.store(0, 1)
        self.assertEqual(self.seqs(), [1])

    def test_groups(self) -> None:
        tea = self.conversations.with_peer(group(2))
        self.conversations.send(tea, "hello")
        self.assertEqual(self.client.sent[0].groupid, 2)
        self.client.store(0, 1)
        self.assertEqual(tea.timeline.last, 1)


class OutboxTests(ConversationsCase):
    def test_texts_of_the_last_run_are_on_their_way(self) -> None:
        self.client.unsent = [Unsent("a", "to li", toid=15), Unsent("b", "to tea", groupid=2)]
        self.client.sent = self.client.unsent
        self.begin()
        tea = self.conversations.with_peer(group(2))
        self.assertEqual([each.text for each in self.li.outgoing], ["to li"])
        self.assertEqual([each.text for each in tea.outgoing], ["to tea"])
        self.client.store(0, 1)
        self.assertEqual((self.li.outgoing, self.seqs()), ([], [1]))


class HistoryTests(ConversationsCase):
    def setUp(self) -> None:
        super().setUp()
        self.server = self.client.server
        self.server.log = [push(seq) for seq in range(1, 121)]

    def test_older_messages_page_by_page(self) -> None:
        self.begin()
        self.conversations.enter(self.li)
        self.assertEqual((self.seqs()[0], self.li.timeline.is_complete), (71, False))
        self.conversations.history.load_older(self.li)
        self.conversations.history.load_older(self.li)
        self.assertEqual((self.seqs(), self.li.timeline.is_complete), (list(range(1, 121)), True))

    def test_one_page_at_a_time(self) -> None:
        self.begin()
        self.conversations.enter(self.li)
        self.server.is_slow = True
        self.conversations.history.load_older(self.li)
        self.conversations.history.load_older(self.li)
        self.assertEqual(len(self.server.asked), 2)
        self.assertTrue(self.conversations.history.is_loading(self.li))
        self.server.answer()
        self.assertFalse(self.conversations.history.is_loading(self.li))

    def test_a_page_that_fits_no_more_is_dropped(self) -> None:
        self.begin()
        self.conversations.enter(self.li)
        self.server.is_slow = True
        self.conversations.history.load_older(self.li)
        self.li.timeline.shorten(10)
        self.server.answer()
        self.assertEqual(self.seqs(), list(range(111, 121)))

    def test_what_lies_between_is_fetched(self) -> None:
        self.begin()
        self.receive(100, 105)
        self.assertEqual(self.seqs(), list(range(1, 121)))

    def test_what_lies_between_does_not_exist(self) -> None:
        self.server.log = [push(100)]
        self.begin()
        self.receive(100, 105)
        self.assertEqual(self.seqs(), [100, 105])

    def test_it_may_be_refused(self) -> None:
        self.server.refusals = [NotAMember()]
        self.begin()
        self.receive(100, 105)
        self.assertEqual(self.seqs(), [100, 105])

    def test_it_waits_where_the_server_is_busy(self) -> None:
        self.begin()
        self.server.refusals = [TryAgain(retry_after=2.0)]
        self.receive(100, 105)
        self.assertEqual(self.seqs(), [100])
        self.clock.advance(2.0)
        self.assertEqual(self.seqs(), list(range(1, 121)))

    def test_a_lost_connection_ends_it_and_the_next_goes_on(self) -> None:
        self.begin()
        self.server.is_slow = True
        self.receive(100, 105)
        self.client.lose()
        self.server.is_slow = False
        self.client.log_in()
        self.assertEqual(self.seqs(), list(range(1, 121)))

    def test_the_current_one_is_looked_at_after_each_login(self) -> None:
        self.server.log = []
        self.begin()
        self.conversations.enter(self.li)
        self.receive(118, 119)
        self.client.lose()
        self.server.log = [push(seq) for seq in range(1, 121)]
        self.client.log_in()
        self.assertEqual(self.seqs()[-1], 120)

    def test_others_only_after_somebody_else_had_the_place(self) -> None:
        self.begin()
        self.receive(119)
        self.client.lose()
        self.client.log_in()
        self.assertEqual(self.seqs(), [119])
        self.client.tell(Replaced())
        self.client.log_in()
        self.assertEqual(self.seqs()[-1], 120)
        self.assertEqual(self.li.unread(ME), 2)


class KeptTests(ConversationsCase):
    def test_a_restart_keeps_what_is_unread(self) -> None:
        self.begin()
        self.receive(1, 2)
        self.conversations.enter(self.li)
        self.conversations.leave()
        self.receive(3, 4)
        self.restart()
        self.assertEqual([each.peer for each in self.conversations], [user(15)])
        self.assertEqual(
            (self.li.unread(ME), self.conversations.people.name(user(15))), (2, "li si")
        )
        self.client.server.log = [push(seq) for seq in range(1, 6)]
        self.begin()
        self.assertEqual((self.li.unread(ME), self.seqs()), (3, [1, 2, 3, 4, 5]))

    def test_a_crash_loses_nothing_that_was_saved_a_second_before(self) -> None:
        self.begin()
        self.receive(1)
        self.clock.advance(1.0)
        self.start()
        self.assertEqual(self.li.unread(ME), 1)

    def test_a_restart_keeps_drafts_failed_texts_and_inputs(self) -> None:
        self.begin()
        self.conversations.keep_draft(self.li, "unfinis")
        self.conversations.send(self.li, "hello")
        self.conversations.send(self.li, "on its way")
        self.client.refuse(0, NoSuchUser())
        self.conversations.keeper.add_input("hello")
        self.conversations.keeper.add_input("hello")
        self.restart()
        self.assertEqual(self.li.draft, "unfinis")
        self.assertEqual([each.text for each in self.li.outgoing], ["hello"], "it has an outbox")
        self.assertEqual(self.li.outgoing[0].why, str(NoSuchUser()))
        self.assertEqual(self.conversations.keeper.inputs, ["hello"])

    def test_a_restart_keeps_the_bell_silent(self) -> None:
        self.begin()
        self.assertTrue(self.conversations.keeper.bell)
        self.conversations.keeper.bell = False
        self.restart()
        self.assertFalse(self.conversations.keeper.bell)
