"""What a steady client sends, and sends again, and in which order."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import CancelledError, Deferred, fail, succeed
from twisted.internet.error import ConnectionRefusedError
from twisted.internet.task import Clock
from twisted.logger import capturedLogs, formatEvent
from twisted.trial.unittest import SynchronousTestCase

from chatclient import ClientStopped, MemoryStore, OutboxFull, Sent, StoreUnusable, Unsent
from chatclient.steady.pauses import Pauses
from chatclient.steady.sender import MOST_IN_FLIGHT, Sender
from chatserver.errors import Conflict, NoSuchUser, TryAgain
from tests.chatclient.fake_server import TIME
from tests.chatclient.steady_case import Fields, SteadyCase


class SendingCase(SteadyCase):
    def chats(self) -> list[Fields]:
        """The chats that came since the last call."""
        requests = self.requests()
        self.assertEqual({request["msgid"] for request in requests} - {5, 9}, set())
        return requests

    def texts(self) -> list[str]:
        return [request["msg"] for request in self.chats()]

    def one_chat(self) -> Fields:
        (request,) = self.chats()
        return request


class SendTests(SendingCase):
    def test_a_send_fires_when_it_is_stored(self) -> None:
        self.log_in()
        sending = self.client.chat(15, "a:b\n好")
        request = self.one_chat()
        cid = request["cid"]
        self.assertEqual((request["toid"], request["msg"]), (15, "a:b\n好"))
        self.assertNoResult(sending)
        self.assertEqual(self.client.unsent, [Unsent(cid, "a:b\n好", toid=15)])
        self.stored(request, seq=3)
        self.assertEqual(self.result(sending), Sent(cid, 7, 3, TIME, dup=False))
        self.assertEqual(self.client.unsent, [])

    def test_a_send_to_a_group(self) -> None:
        self.log_in()
        sending = self.client.group_chat(2, "x", cid="mine")
        request = self.one_chat()
        self.assertEqual((request["msgid"], request["groupid"]), (9, 2))
        self.stored(request)
        self.assertEqual(self.result(sending).cid, "mine")

    def test_a_send_given_while_offline_waits(self) -> None:
        before_the_start = self.client.chat(15, "a")
        self.log_in()
        self.stored(self.one_chat())
        self.assertEqual(self.result(before_the_start).seq, 1)
        self.lose()
        sending = self.client.chat(15, "b")
        self.come_back()
        self.stored(self.one_chat(), seq=2)
        self.assertEqual(self.result(sending).seq, 2)

    def test_nothing_goes_out_before_the_login_is_answered(self) -> None:
        self.client.start()
        self.client.chat(15, "a")
        (login,) = self.requests()
        self.client.chat(16, "b")
        self.assertEqual(self.requests(), [])
        self.answer(login, msgid=2, errno=108, errmsg="no")
        self.assertEqual(len(self.client.unsent), 2)

    def test_what_was_not_answered_is_sent_again_with_its_cid(self) -> None:
        self.log_in()
        sending = self.client.chat(15, "a")
        first = self.one_chat()
        self.lose_and_come_back()
        second = self.one_chat()
        self.assertEqual((second["cid"], second["msg"]), (first["cid"], "a"))
        self.stored(second, dup=True)
        self.assertTrue(self.result(sending).dup)
        self.lose_and_come_back()
        self.assertEqual(self.chats(), [])

    def test_a_refusal_fails_that_send_and_no_other(self) -> None:
        self.log_in()
        wrong, right = self.client.chat(99, "a"), self.client.chat(15, "b")
        one, other = self.chats()
        self.answer(one, errno=105, errmsg="no user 99")
        self.stored(other)
        self.assertEqual(str(self.failureResultOf(wrong, NoSuchUser).value), "no user 99")
        self.result(right)
        self.assertEqual(self.client.unsent, [])

    def test_a_login_that_is_over_loses_no_text(self) -> None:
        self.log_in()
        sending = self.client.chat(15, "a")
        self.answer(self.one_chat(), errno=103, errmsg="log in first")
        self.assertNoResult(sending)
        self.lose_and_come_back()
        self.stored(self.one_chat())
        self.result(sending)

    def test_a_lone_surrogate(self) -> None:
        with self.assertRaises(UnicodeEncodeError):
            self.client.chat(15, "\ud83d")
        self.assertEqual(self.client.unsent, [])

    def test_the_cid_of_a_waiting_text(self) -> None:
        both = self.client.chat(15, "a", cid="mine"), self.client.chat(15, "a", cid="mine")
        self.failureResultOf(self.client.chat(15, "b", cid="mine"), Conflict)
        third = self.client.answer_to("mine")
        with self.assertRaises(KeyError):
            self.client.answer_to("other")
        self.log_in()
        self.stored(self.one_chat())
        for each in (*both, third):
            self.assertEqual(self.result(each).seq, 1)

    def test_cancelling_does_not_take_a_text_back(self) -> None:
        sending = self.client.chat(15, "a")
        sending.cancel()
        self.failureResultOf(sending, CancelledError)
        self.log_in()
        self.stored(self.one_chat())
        self.assertEqual(self.client.unsent, [])

    def test_a_full_outbox(self) -> None:
        self.make(most_unsent=2)
        for _ in range(2):
            self.client.chat(15, "a")
        refused = self.failureResultOf(self.client.chat(15, "b"), OutboxFull)
        self.assertEqual(str(refused.value), "2 texts wait to be sent already")
        self.log_in()
        self.stored(self.one_chat())
        self.assertNoResult(self.client.chat(15, "c"))


class OrderTests(SendingCase):
    def test_of_one_conversation_only_one_text_is_on_its_way(self) -> None:
        self.log_in()
        for text in "abc":
            self.client.chat(15, text)
        self.client.group_chat(15, "other")
        a, other = self.chats()
        self.assertEqual((a["msg"], other["msg"]), ("a", "other"))
        self.stored(a)
        b = self.one_chat()
        self.assertEqual(b["msg"], "b")
        self.lose_and_come_back()
        again = self.chats()
        self.assertEqual([request["msg"] for request in again], ["b", "other"])
        self.stored(again[0], seq=2, dup=True)
        self.assertEqual(self.texts(), ["c"])

    def test_a_refused_text_holds_up_those_behind_it(self) -> None:
        for errno, wait in ((109, {"retry_after": 2.5}), (110, {"retry_after": 2.5})):
            self.make()
            self.log_in()
            first, _ = self.client.chat(15, "a"), self.client.chat(15, "b")
            request = self.one_chat()
            self.answer(request, errno=errno, errmsg="later", **wait)
            self.clock.advance(2.5)
            self.assertEqual(self.chats(), [], "not sooner than told")
            self.assertNoResult(first)
            self.clock.advance(0.1)
            again = self.one_chat()
            self.assertEqual((again["msg"], again["cid"]), ("a", request["cid"]))
            self.stored(again)
            self.result(first)
            self.assertEqual(self.texts(), ["b"])

    def test_110_without_a_time_means_a_second(self) -> None:
        self.log_in()
        self.client.chat(15, "a")
        self.answer(self.one_chat(), errno=110, errmsg="later")
        self.clock.advance(0.99)
        self.assertEqual(self.chats(), [])
        self.clock.advance(0.2)
        self.assertEqual(self.texts(), ["a"])

    def test_the_longest_of_several_waits_counts(self) -> None:
        self.log_in()
        for user in (1, 2, 3):
            self.client.chat(user, str(user))
        for request, wait in zip(self.chats(), (1, 20, 2), strict=True):
            self.answer(request, errno=109, errmsg="later", retry_after=wait)
        self.clock.advance(19.9)
        self.assertEqual(self.chats(), [])
        self.clock.advance(0.2)
        self.assertEqual(self.texts(), ["1", "2", "3"])

    def test_a_connection_lost_while_a_refused_text_waits(self) -> None:
        self.log_in()
        self.client.chat(15, "a")
        self.answer(self.one_chat(), errno=110, errmsg="later", retry_after=100)
        self.lose_and_come_back()
        self.assertEqual(self.texts(), ["a"], "a new login knows better")
        self.clock.advance(10)
        self.assertEqual(self.texts(), [])

    def test_many_conversations_go_side_by_side_up_to_a_limit(self) -> None:
        self.log_in()
        for user in range(1, MOST_IN_FLIGHT + 3):
            self.client.chat(user, "x")
        requests = self.chats()
        self.assertEqual(
            [request["toid"] for request in requests], list(range(1, MOST_IN_FLIGHT + 1))
        )
        self.stored(requests[5])
        self.assertEqual([request["toid"] for request in self.chats()], [MOST_IN_FLIGHT + 1])

    def test_a_full_outbox_is_lost_and_sent_again_in_order(self) -> None:
        self.log_in()
        for user in range(1, 1001):
            self.client.chat(user, "x")
        self.endpoint.problem = ConnectionRefusedError()
        self.lose()
        self.endpoint.problem = None
        self.come_back()
        self.assertEqual(len(self.client.unsent), 1000)
        self.assertEqual(
            [request["toid"] for request in self.chats()], list(range(1, MOST_IN_FLIGHT + 1))
        )


class BusyServer:
    """Stands for a client whose server asks for time until it is ``ready``."""

    def __init__(self) -> None:
        self.ready = False
        self.asked = 0

    def chat(self, toid: int, text: str, *, cid: str) -> Deferred[Sent]:
        self.asked += 1
        return succeed(Sent(cid, 7, 1, TIME, dup=False)) if self.ready else fail(TryAgain())


class BusyTests(SynchronousTestCase):
    """The pauses of a send that is refused for the time being."""

    def test_they_grow_until_a_text_is_stored(self) -> None:
        clock = Clock()
        server: Any = BusyServer()
        sender = Sender(clock, MemoryStore(), Pauses(1.0, 60.0, lambda: 1.0), 10)
        sender.online(server)
        for _ in range(2):
            server.ready = False
            sending = sender.add(Unsent("x", "x", toid=1))
            asked = server.asked
            for pause in (1 + 1, 1 + 2, 1 + 4):
                clock.advance(pause - 0.1)
                self.assertEqual(server.asked, asked)
                server.ready = pause == 1 + 4
                clock.advance(0.1)
                asked += 1
                self.assertEqual(server.asked, asked)
            self.successResultOf(sending)


class StoppingTests(SendingCase):
    def test_what_is_on_its_way_is_waited_for(self) -> None:
        self.log_in()
        on_its_way, behind = self.client.chat(15, "a"), self.client.chat(15, "b")
        stopping = self.client.stop()
        self.clock.advance(0)
        self.assertNoResult(stopping)
        self.stored(self.one_chat())
        self.result(on_its_way)
        self.successResultOf(stopping)
        self.failureResultOf(behind, ClientStopped)
        self.assertEqual(self.texts(), [])

    def test_a_hung_server_does_not_keep_it_for_ever(self) -> None:
        self.log_in()
        sending = self.client.chat(15, "a")
        stopping = self.client.stop()
        self.clock.advance(0)
        self.clock.advance(15)
        self.successResultOf(stopping)
        self.failureResultOf(sending, ClientStopped)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_a_stopped_client_takes_no_text(self) -> None:
        self.stop()
        self.failureResultOf(self.client.chat(15, "a"), ClientStopped)


class BrokenStore(MemoryStore):
    """One that can't do what ``broken`` names."""

    broken = ""
    is_closed = False

    def put(self, unsent: Unsent) -> None:
        self._do("put")
        super().put(unsent)

    def remove(self, cid: str) -> None:
        self._do("remove")
        super().remove(cid)

    def close(self) -> None:
        self.is_closed = True

    def _do(self, what: str) -> None:
        if what == self.broken:
            raise StoreUnusable("the disk is full")


class StoreTests(SendingCase):
    def setUp(self) -> None:
        super().setUp()
        self.store = BrokenStore()
        self.make(store=self.store)
        self.log_in()

    def test_a_text_is_in_the_store_before_it_goes_out_and_until_it_is_answered(self) -> None:
        self.client.chat(15, "a", cid="mine")
        self.assertEqual(self.store.unsent(), [Unsent("mine", "a", toid=15)])
        self.stored(self.one_chat())
        self.assertEqual(self.store.unsent(), [])

    def test_a_refused_text_leaves_it(self) -> None:
        sending = self.client.chat(99, "a")
        self.answer(self.one_chat(), errno=105, errmsg="no")
        self.failureResultOf(sending, NoSuchUser)
        self.assertEqual(self.store.unsent(), [])

    def test_a_text_that_can_t_be_kept_is_not_sent(self) -> None:
        self.store.broken = "put"
        self.failureResultOf(self.client.chat(15, "a"), StoreUnusable)
        self.assertEqual((self.chats(), self.client.unsent), ([], []))

    def test_an_answered_text_that_can_t_be_removed_was_sent_all_the_same(self) -> None:
        self.store.broken = "remove"
        first, second = self.client.chat(15, "a"), self.client.chat(15, "b")
        self.stored(self.one_chat())
        self.result(first)
        self.stored(self.one_chat(), seq=2)
        self.result(second)

    def test_stopping_closes_it(self) -> None:
        self.stop()
        self.assertTrue(self.store.is_closed)

    def test_a_refused_text_for_which_nobody_waits_is_logged(self) -> None:
        store = MemoryStore()
        store.put(Unsent("1", "what nobody may read", toid=99))
        self.make(store=store)
        self.log_in()
        with capturedLogs() as logged:
            self.answer(self.one_chat(), errno=105, errmsg="no user 99")
        self.assertEqual(
            [formatEvent(event) for event in logged], ["a text was refused: no user 99"]
        )

    def test_texts_of_an_earlier_run_go_first(self) -> None:
        store = MemoryStore()
        store.put(Unsent("1", "a", toid=15))
        store.put(Unsent("2", "b", groupid=2))
        self.make(store=store)
        self.client.chat(15, "c", cid="3")
        self.assertEqual([unsent.cid for unsent in self.client.unsent], ["1", "2", "3"])
        answer = self.client.answer_to("2")
        self.log_in()
        a, b = self.chats()
        self.assertEqual((a["cid"], b["cid"]), ("1", "2"))
        self.answer(b, errno=107, errmsg="not a member")
        self.assertEqual(self.failureResultOf(answer).value.errno, 107)
        self.answer(a, errno=105, errmsg="no")
        self.assertEqual(self.one_chat()["cid"], "3")
