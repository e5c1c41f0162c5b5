"""The client on a transport of strings and a clock."""

from __future__ import annotations

import json
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from twisted.trial.unittest import TestCase

from chatclient import BadFrame, ChatClient, Event, HistoryPage, ReplyTimeout, Sent
from chatserver.errors import NoSuchUser, Refused
from chatserver.wire.frames import (
    Friend,
    Goodbye,
    GroupChatPush,
    OneChatPush,
    PresencePush,
    Reply,
)
from tests.chatclient.fake_server import TIME, login_ack, push
from tests.chatclient.strings import StringEndpoint


class ClientTests(TestCase):
    """What the library does beyond the protocol."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.events: list[Event] = []
        self.ends: list[Failure] = []
        self.endpoint = StringEndpoint()
        self.client = ChatClient(self.clock, on_event=self.events.append, on_lost=self.ends.append)
        self.connect()

    def connect(self) -> None:
        self.successResultOf(self.client.connect(self.endpoint))

    @property
    def transport(self) -> Any:
        return self.endpoint.transports[-1]

    def sent(self) -> list[dict[str, Any]]:
        lines = self.transport.value().split(b"\n")
        self.transport.clear()
        return [json.loads(line) for line in lines[:-1]]

    def receive(self, **frame: Any) -> None:
        self.transport.protocol.dataReceived(json.dumps(frame).encode() + b"\n")

    def answer(self, **fields: Any) -> dict[str, Any]:
        """Answer the one request just sent with a REPLY; the request."""
        (request,) = self.sent()
        req = request.pop("req")
        self.receive(**{"msgid": 11, "re": request["msgid"], "req": req, "errno": 0, **fields})
        return request

    def log_in(self, **fields: Any) -> None:
        login = self.client.login(name="zhang san", password="secret", device="d")
        self.answer(**login_ack(**fields))
        self.successResultOf(login)

    def acks(self) -> list[tuple[int, int]]:
        requests = self.sent()
        self.assertEqual({request["msgid"] for request in requests} - {12}, set())
        return [(request["conv"], request["seq"]) for request in requests]

    def test_register(self) -> None:
        registering = self.client.register("zhang san", "secret")
        request = self.answer(msgid=4, id=13)
        self.assertEqual(request, {"msgid": 3, "name": "zhang san", "password": "secret"})
        self.assertEqual(self.successResultOf(registering), 13)

    def test_ways_to_log_in(self) -> None:
        for given, wire in (
            ({"userid": 13, "password": "p"}, {"id": 13, "password": "p"}),
            ({"name": "x", "password": "p"}, {"name": "x", "password": "p"}),
            ({"token": "t"}, {"token": "t"}),
        ):
            self.client.login(**given, device="d")
            (request,) = self.sent()
            del request["req"]
            self.assertEqual(request, {"msgid": 1, "device": "d", "ack": True, **wire})

    def test_login_tells_the_account(self) -> None:
        friend = {"id": 15, "name": "li si", "state": "online"}
        login = self.client.login(userid=13, password="secret")
        self.assertIsNone(self.client.account)
        self.answer(**login_ack(friends=[friend], pending=2))
        account = self.successResultOf(login)
        self.assertIs(self.client.account, account)
        self.assertEqual((account.id, account.token, account.pending), (13, "t", 2))
        self.assertEqual(account.friends, [Friend(id=15, name="li si", state="online")])
        self.assertNotIn("token", repr(account))

    def test_refused_login(self) -> None:
        login = self.client.login(userid=13, password="wrong")
        self.answer(msgid=2, errno=1, errmsg="no")
        self.failureResultOf(login, Refused)
        self.assertIsNone(self.client.account)

    def test_incomplete_login_ack(self) -> None:
        login = self.client.login(userid=13, password="secret")
        self.answer(msgid=2, id=13)
        self.failureResultOf(login, BadFrame)
        self.assertFalse(self.client.connected)
        self.assertIsInstance(self.ends[0].value, BadFrame)

    def test_sends_carry_fresh_cids(self) -> None:
        cids = set()
        for send, wire in (
            (self.client.chat, {"msgid": 5, "toid": 15}),
            (self.client.group_chat, {"msgid": 9, "groupid": 15}),
        ):
            sending = send(15, "a:b\n好")
            request = self.answer(conv=7, seq=3, time=TIME)
            cid = request.pop("cid")
            cids.add(cid)
            self.assertEqual(request, {**wire, "msg": "a:b\n好"})
            self.assertEqual(
                self.successResultOf(sending), Sent(cid=cid, conv=7, seq=3, time=TIME, dup=False)
            )
        self.assertEqual(len(cids), 2)

    def test_a_send_can_be_repeated(self) -> None:
        sending = self.client.chat(15, "x", cid="mine")
        self.assertEqual(self.answer(conv=7, seq=3, time=TIME, dup=True)["cid"], "mine")
        self.assertTrue(self.successResultOf(sending).dup)

    def test_refused_send(self) -> None:
        sending = self.client.chat(99, "x")
        self.answer(errno=105, errmsg="no user 99")
        self.assertEqual(str(self.failureResultOf(sending, NoSuchUser).value), "no user 99")

    def test_friends_and_groups(self) -> None:
        friend = {"id": 15, "name": "li si", "state": "online"}
        group = {"id": 2, "groupname": "tea", "groupdesc": "", "users": []}
        adding = self.client.add_friend(15)
        self.assertEqual(self.answer(friend=friend), {"msgid": 6, "friendid": 15})
        self.assertEqual(self.successResultOf(adding), Friend(**friend))  # type: ignore[arg-type]
        adding = self.client.add_friend(15)
        self.answer()
        self.assertIsNone(self.successResultOf(adding))
        creating = self.client.create_group("tea", "we drink it")
        self.assertEqual(
            self.answer(groupid=2), {"msgid": 7, "groupname": "tea", "groupdesc": "we drink it"}
        )
        self.assertEqual(self.successResultOf(creating), 2)
        joining = self.client.add_group(2)
        self.assertEqual(self.answer(group=group), {"msgid": 8, "groupid": 2})
        joined = self.successResultOf(joining)
        assert joined is not None
        self.assertEqual(joined.groupname, "tea")

    def test_history(self) -> None:
        reading = self.client.history(toid=15, before=9, limit=2)
        request = self.answer(conv=7, messages=[push(7, "a"), push(8, "b")], more=True)
        self.assertEqual(request, {"msgid": 15, "toid": 15, "before": 9, "limit": 2})
        page = self.successResultOf(reading)
        self.assertEqual((page.conv, page.more), (7, True))
        self.assertEqual([message.seq for message in page.messages], [7, 8])
        self.assertEqual(self.events, [])
        reading = self.client.history(toid=16)
        self.answer(messages=[], more=False)
        self.assertEqual(self.successResultOf(reading), HistoryPage(None, [], False))

    def test_signal(self) -> None:
        self.client.signal({"typing": True}, groupid=2)
        self.assertEqual(self.sent(), [{"msgid": 18, "groupid": 2, "data": {"typing": True}}])
        self.receive(msgid=11, re=18, errno=107, errmsg="no")
        self.assertIsInstance(self.events[0], Reply)

    def test_ping_tells_the_time_it_took(self) -> None:
        pinging = self.client.ping()
        self.clock.advance(0.25)
        self.answer(msgid=14)
        self.assertEqual(self.successResultOf(pinging), 0.25)

    def test_events(self) -> None:
        self.log_in()
        self.receive(**push(1, "x"))
        self.receive(**push(1, "x", msgid=9, groupid=2, conv=8))
        self.receive(msgid=16, id=15, state="online")
        self.receive(msgid=17, reason="slow")
        self.assertEqual(
            [type(event) for event in self.events],
            [OneChatPush, GroupChatPush, PresencePush, Goodbye],
        )

    def test_acks_are_lazy_and_cumulative(self) -> None:
        self.log_in()
        self.receive(**push(1, "x"))
        self.clock.advance(0.1)
        self.receive(**push(2, "x"))
        self.receive(**push(5, "x", conv=8))
        self.assertEqual(self.acks(), [])
        self.clock.advance(0.1)
        self.assertEqual(self.acks(), [(7, 2), (8, 5)])
        self.clock.advance(10)
        self.assertEqual(self.acks(), [])
        self.receive(**push(3, "x"))
        self.clock.advance(0.2)
        self.assertEqual(self.acks(), [(7, 3)])

    def test_no_acks_where_the_login_promised_none(self) -> None:
        self.client.login(userid=13, password="secret", ack=False)
        self.assertNotIn("ack", self.answer(**login_ack()))
        self.receive(**push(1, "x"))
        self.clock.advance(10)
        self.assertEqual(self.acks(), [])

    def test_logout_acknowledges_first(self) -> None:
        self.log_in()
        self.receive(**push(1, "x"))
        leaving = self.client.logout()
        ack, logout = self.sent()
        self.assertEqual((ack["msgid"], ack["seq"], logout["msgid"]), (12, 1, 10))
        self.receive(**push(2, "y"))
        self.receive(msgid=11, re=10, req=logout["req"], errno=0)
        self.successResultOf(leaving)
        self.assertIsNone(self.client.account)
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.assertEqual(self.acks(), [])

    def test_close_acknowledges_and_is_not_a_loss(self) -> None:
        self.log_in()
        self.receive(**push(1, "x"))
        closing = self.client.close()
        self.assertEqual(self.acks(), [(7, 1)])
        self.successResultOf(closing)
        self.assertEqual(self.ends, [])
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.successResultOf(self.client.close())

    def test_close_does_not_wait_for_ever(self) -> None:
        self.transport.loseConnection = lambda: None
        closing = self.client.close()
        again = self.client.close()
        self.transport.abortConnection = lambda: self.transport.protocol.connectionLost(
            Failure(ConnectionLost())
        )
        self.clock.advance(4.9)
        self.assertNoResult(closing)
        self.clock.advance(0.1)
        self.successResultOf(closing)
        self.successResultOf(again)

    def test_repeats_after_a_new_login_are_dropped_and_acknowledged(self) -> None:
        self.log_in()
        for seq in (1, 2, 3):
            self.receive(**push(seq, "x"))
        self.transport.loseConnection()
        self.assertEqual(len(self.ends), 1)
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.connect()
        self.log_in(pending=4)
        caught_up = self.client.caught_up()
        for seq in (1, 2, 3, 4):
            self.assertNoResult(caught_up)
            self.receive(**push(seq, "x"))
        self.successResultOf(caught_up)
        seqs = [event.seq for event in self.events if isinstance(event, OneChatPush)]
        self.assertEqual(seqs, [1, 2, 3, 4])
        self.clock.advance(0.2)
        self.assertEqual(self.acks(), [(7, 4)])

    def test_another_account_gets_its_own_messages(self) -> None:
        self.log_in()
        self.receive(**push(1, "x"))
        self.client.logout()
        self.sent()
        self.receive(msgid=11, re=10, req=2, errno=0)
        self.log_in(id=15, name="li si")
        self.receive(**push(1, "x", id=13, toid=15))
        self.assertEqual(len(self.events), 2)

    def test_what_the_listener_refuses_is_not_acknowledged(self) -> None:
        refuse = [True]

        def listener(event: Event) -> None:
            if refuse[0]:
                raise ZeroDivisionError
            self.events.append(event)

        self.client = ChatClient(self.clock, on_event=listener)
        self.connect()
        self.log_in()
        self.receive(**push(1, "x"))
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        self.clock.advance(1)
        self.assertEqual(self.acks(), [])
        refuse[0] = False
        self.receive(**push(1, "x"))
        self.assertEqual(len(self.events), 1)

    def test_missed_messages_that_do_not_come(self) -> None:
        self.log_in(pending=2)
        caught_up = self.client.caught_up()
        self.clock.advance(14)
        self.receive(**push(1, "x"))
        self.clock.advance(14)
        self.assertNoResult(caught_up)
        self.clock.advance(1)
        failure = self.failureResultOf(caught_up, TimeoutError)
        self.assertEqual(str(failure.value), "1 of the missed messages did not come")

    def test_nothing_missed(self) -> None:
        self.log_in()
        self.successResultOf(self.client.caught_up())

    def test_logout_while_messages_are_missing(self) -> None:
        self.log_in(pending=2)
        caught_up = self.client.caught_up()
        self.client.logout()
        self.answer()
        self.successResultOf(caught_up)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_connection_lost_while_messages_are_missing(self) -> None:
        self.log_in(pending=2)
        caught_up = self.client.caught_up()
        self.transport.loseConnection()
        self.failureResultOf(caught_up, ConnectionDone)

    def test_hung_server(self) -> None:
        self.log_in()
        sending = self.client.chat(15, "x")
        self.clock.advance(15)
        self.failureResultOf(sending, ReplyTimeout)
        self.assertIsInstance(self.ends[0].value, ReplyTimeout)
        self.assertIsNone(self.client.account)
        self.assertFalse(self.client.connected)

    def test_requests_without_a_connection(self) -> None:
        self.transport.loseConnection()
        self.failureResultOf(self.client.chat(15, "x"), ConnectionDone)
        with self.assertRaises(RuntimeError):
            ChatClient(self.clock).chat(15, "x")

    def test_connecting_twice(self) -> None:
        with self.assertRaises(RuntimeError):
            self.client.connect(self.endpoint)

    async def test_in_coroutines(self) -> None:
        async def talk() -> int:
            return (await self.client.chat(15, "x")).seq

        talking = Deferred.fromCoroutine(talk())
        self.answer(conv=7, seq=9, time=TIME)
        self.assertEqual(await talking, 9)
