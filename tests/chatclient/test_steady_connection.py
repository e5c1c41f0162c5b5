"""How a steady client comes, goes, comes back, and gives up."""

from __future__ import annotations

from twisted.internet.error import ConnectionDone, ConnectionLost, ConnectionRefusedError
from twisted.python.failure import Failure

from chatclient import (
    Connecting,
    Credentials,
    Dismissed,
    LoginRefused,
    Offline,
    Online,
    Replaced,
    ReplyTimeout,
    State,
    Stopped,
)
from chatclient.steady.client import SETTLED_AFTER
from chatserver.errors import InUse, NotAllowed, Refused, TooMany
from tests.chatclient.fake_server import push
from tests.chatclient.steady_case import PASSWORD, SteadyCase
from tests.chatclient.strings import StringEndpoint


class ComingTests(SteadyCase):
    def test_the_states_on_the_way_in(self) -> None:
        self.assertEqual(self.client.state, Stopped())
        self.client.start()
        self.assertEqual(self.states, [Connecting()])
        self.assertIsNone(self.client.connection)
        request = self.answer_login()
        del request["req"]
        self.assertEqual(
            request, {"msgid": 1, "id": 13, "password": "secret", "device": "d", "ack": True}
        )
        online = self.states[1]
        assert isinstance(online, Online)
        self.assertEqual(online.account.id, 13)
        self.assertIs(self.client.state, online)

    def test_everything_else_goes_over_the_connection(self) -> None:
        self.log_in()
        assert self.client.connection is not None
        pinging = self.client.connection.ping()
        (request,) = self.requests()
        self.answer(request, msgid=14)
        self.successResultOf(pinging)
        self.lose()
        self.assertIsNone(self.client.connection)

    def test_starting_twice(self) -> None:
        self.client.start()
        with self.assertRaises(RuntimeError):
            self.client.start()

    def test_a_listener_that_fails_does_no_harm(self) -> None:
        def listener(state: State) -> None:
            raise ZeroDivisionError

        self.make(on_state=listener)
        self.log_in()
        self.assertIsInstance(self.client.state, Online)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 2)

    def test_messages_after_the_login_come_after_its_state(self) -> None:
        order: list[object] = []
        self.make(on_state=order.append, on_event=order.append)
        self.client.start()
        (request,) = self.requests()
        self.transport.protocol.dataReceived(
            b'{"msgid":2,"req":%d,"errno":0,"id":13,"name":"z","friends":[],"groups":[],'
            b'"token":"t","expires":"x","pending":1}\n'
            b'{"msgid":5,"id":15,"name":"l","toid":13,"msg":"m","time":"t","conv":7,"seq":1}\n'
            % request["req"]
        )
        self.assertEqual(
            [type(each).__name__ for each in order], ["Connecting", "Online", "OneChatPush"]
        )


class ComingBackTests(SteadyCase):
    def test_a_lost_connection_is_made_again_and_the_token_logs_in(self) -> None:
        self.log_in()
        self.lose()
        offline = self.offline()
        self.assertIsInstance(offline.why, ConnectionDone)
        self.assertEqual(offline.pause, 1.0)
        self.clock.advance(0.9)
        self.assertEqual(len(self.endpoint.transports), 1)
        self.clock.advance(0.1)
        request = self.answer_login()
        del request["req"]
        self.assertEqual(request, {"msgid": 1, "token": "t", "device": "d", "ack": True})
        self.assertIsInstance(self.client.state, Online)

    def test_pauses_grow_up_to_a_minute(self) -> None:
        self.endpoint.problem = ConnectionRefusedError()
        self.client.start()
        pauses = []
        for _ in range(8):
            offline = self.offline()
            self.assertIsInstance(offline.why, ConnectionRefusedError)
            pauses.append(offline.pause)
            self.clock.advance(offline.pause)
        self.assertEqual(pauses, [1, 2, 4, 8, 16, 32, 60, 60])

    def test_a_login_that_held_makes_the_pauses_short_again(self) -> None:
        self.log_in()
        self.lose_and_come_back()
        self.clock.advance(29)
        self.lose()
        self.assertEqual(self.offline().pause, 2.0)
        self.come_back()
        for _ in range(3):
            self.clock.advance(10)
            self.receive(msgid=16, id=15, state="online")
        self.lose()
        self.assertEqual(self.offline().pause, 1.0)

    def test_several_endpoints_are_tried_in_turn(self) -> None:
        other = StringEndpoint()
        self.endpoint.problem = ConnectionRefusedError()
        self.make(endpoints=[self.endpoint, other])
        self.client.start()
        self.clock.advance(1)
        self.assertEqual(len(other.transports), 1)
        self.endpoint.problem = None
        other.transports[0].loseConnection()
        self.clock.advance(2)
        self.answer_login()
        self.assertIsInstance(self.client.state, Online)

    def test_an_attempt_that_hangs_is_cut(self) -> None:
        self.endpoint.hangs = True
        self.client.start()
        self.clock.advance(9.9)
        self.assertEqual(self.client.state, Connecting())
        self.clock.advance(0.1)
        self.assertEqual(str(self.offline().why), "no connection within 10 seconds")
        self.endpoint.hangs = False
        self.come_back()
        self.assertIsInstance(self.client.state, Online)

    def test_a_login_that_is_not_answered(self) -> None:
        self.client.start()
        self.clock.advance(15)
        self.assertIsInstance(self.offline().why, ReplyTimeout)

    def test_a_connection_lost_before_the_login_is_answered(self) -> None:
        self.client.start()
        self.lose()
        self.assertIsInstance(self.offline().why, ConnectionDone)
        self.come_back()
        self.assertIsInstance(self.client.state, Online)

    def test_goodbye_says_how_long_to_stay_away(self) -> None:
        self.log_in()
        self.receive(msgid=17, reason="shutdown", retry_after=5)
        self.lose()
        offline = self.offline()
        assert isinstance(offline.why, Dismissed)
        self.assertEqual(offline.why.reason, "shutdown")
        self.assertEqual(offline.pause, 6.0)
        self.clock.advance(5.9)
        self.assertEqual(len(self.endpoint.transports), 1)
        self.clock.advance(0.1)
        self.answer_login()
        self.lose()
        self.assertIsInstance(self.offline().why, ConnectionDone, "that goodbye is forgotten")

    def test_who_is_in_a_hurry_waits_no_longer_than_the_server_asks_for(self) -> None:
        self.log_in()
        self.receive(msgid=17, reason="shutdown", retry_after=5)
        self.lose()
        self.clock.advance(2)
        self.client.hurry()
        self.assertEqual(self.offline().pause, 3.0)
        self.client.hurry()
        self.assertEqual(len([each for each in self.states if isinstance(each, Offline)]), 2)
        self.clock.advance(2.9)
        self.assertEqual(len(self.endpoint.transports), 1)
        self.clock.advance(0.1)
        self.assertEqual(self.client.state, Connecting())
        self.assertEqual(len(self.endpoint.transports), 2)

    def test_who_is_in_a_hurry_comes_back_at_once(self) -> None:
        self.client.hurry()
        self.log_in()
        self.client.hurry()
        self.assertIsInstance(self.client.state, Online)
        self.lose()
        self.client.hurry()
        self.assertEqual(self.offline().pause, 0.0)
        self.clock.advance(0)
        self.client.hurry()
        self.assertEqual(self.client.state, Connecting())
        self.answer_login()
        self.assertIsInstance(self.client.state, Online)

    def test_a_stop_ends_a_pause_that_was_cut(self) -> None:
        self.log_in()
        self.lose()
        self.client.hurry()
        stopping = self.client.stop()
        self.clock.pump([0, 0])
        self.successResultOf(stopping)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_goodbye_without_a_time(self) -> None:
        self.log_in()
        self.receive(msgid=17, reason="idle")
        self.lose()
        self.assertEqual(self.offline().pause, 1.0)


class DeadServerTests(SteadyCase):
    def test_silence_is_broken_by_a_ping_that_finds_it_dead(self) -> None:
        self.log_in()
        self.clock.advance(29.9)
        self.assertEqual(self.requests(), [])
        self.clock.advance(0.1)
        (ping,) = self.requests()
        self.assertEqual(ping["msgid"], 13)
        self.clock.advance(14.9)
        self.assertIsInstance(self.client.state, Online)
        self.clock.advance(0.1)
        self.assertIsInstance(self.offline().why, ReplyTimeout)

    def test_pings_go_on_while_they_are_answered(self) -> None:
        self.log_in()
        for _ in range(3):
            self.clock.advance(30)
            (ping,) = self.requests()
            self.answer(ping, msgid=14)
        self.clock.advance(20)
        self.assertIsInstance(self.client.state, Online)

    def test_events_make_pings_needless(self) -> None:
        self.log_in()
        for _ in range(10):
            self.clock.advance(20)
            self.receive(msgid=16, id=15, state="online")
        self.assertEqual(self.requests(), [])

    def test_no_pings_while_offline(self) -> None:
        self.log_in()
        self.endpoint.problem = ConnectionRefusedError()
        self.lose()
        self.clock.advance(0.5)
        self.assertEqual(len(self.clock.getDelayedCalls()), 1)


class RefusedLoginTests(SteadyCase):
    def test_refusals_that_no_waiting_mends(self) -> None:
        for errno, kind in ((1, Refused), (108, NotAllowed)):
            self.make()
            self.client.start()
            self.refuse_login(errno)
            state = self.client.state
            assert isinstance(state, LoginRefused)
            self.assertIsInstance(state.why, kind)
            self.assertFalse(self.transport.connected)
            self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_it_may_be_started_again_after_them(self) -> None:
        self.client.start()
        self.refuse_login(108)
        self.log_in()
        self.assertIsInstance(self.client.state, Online)

    def test_refusals_that_say_when_to_come_again(self) -> None:
        self.client.start()
        self.refuse_login(109, retry_after=30)
        self.assertIsInstance(self.offline().why, TooMany)
        self.assertEqual(self.offline().pause, 31)
        self.clock.advance(31)
        self.refuse_login(110)
        self.assertEqual(self.offline().pause, 1 + 2)
        self.come_back()
        self.assertIsInstance(self.client.state, Online)

    def test_an_account_in_use_is_tried_again(self) -> None:
        self.make(device=None)
        self.client.start()
        self.assertNotIn("device", self.refuse_login(2))
        self.assertIsInstance(self.offline().why, InUse)
        self.assertEqual(self.offline().pause, 1)
        self.come_back()
        self.assertIsInstance(self.client.state, Online)

    def test_an_unknown_refusal_with_a_time_is_tried_again(self) -> None:
        self.client.start()
        self.refuse_login(999, retry_after=3)
        self.assertEqual(self.offline().pause, 4)

    def test_a_refused_token_falls_back_to_the_password(self) -> None:
        self.make(Credentials(token="old", userid=13, password="secret"))
        self.client.start()
        self.assertEqual(self.refuse_login(1)["token"], "old")
        request = self.answer_login()
        self.assertEqual((request["id"], request["password"]), (13, "secret"))
        self.assertIsInstance(self.client.state, Online)
        self.lose()
        self.clock.advance(1)
        self.assertEqual(self.answer_login()["token"], "t")

    def test_a_refused_token_is_not_tried_again(self) -> None:
        self.make(Credentials(token="old", userid=13, password="secret"))
        self.client.start()
        self.refuse_login(1)
        self.refuse_login(109, retry_after=1)
        self.clock.advance(2)
        self.assertNotIn("token", self.answer_login())

    def test_a_token_that_changes(self) -> None:
        self.make(Credentials(token="old"))
        self.client.start()
        self.assertEqual(self.answer_login(token="new")["token"], "old")
        self.lose()
        self.clock.advance(1)
        self.assertEqual(self.answer_login()["token"], "new")

    def test_a_refused_token_without_a_password(self) -> None:
        self.make(Credentials(token="old"))
        self.client.start()
        self.refuse_login(1)
        self.assertIsInstance(self.client.state, LoginRefused)

    def test_another_account_s_store(self) -> None:
        self.log_in()
        self.lose()
        self.clock.advance(1)
        self.answer_login(id=14)
        state = self.client.state
        assert isinstance(state, LoginRefused)
        self.assertIn("belongs to account 13, and account 14 logged in", str(state.why))
        self.assertFalse(self.transport.connected)

    def test_another_account_s_messages(self) -> None:
        self.log_in()
        self.lose()
        self.clock.advance(1)
        self.transport.loseConnection = lambda: None
        self.answer_login(id=14)
        self.receive(**push(1, "not for 13", toid=14))
        self.assertEqual(self.events, [])

    def test_a_goodbye_behind_a_refusal_changes_nothing(self) -> None:
        for errno, then in ((108, LoginRefused), (109, Offline)):
            self.make()
            self.client.start()
            lose = self.transport.loseConnection
            self.transport.loseConnection = lambda: None
            self.refuse_login(errno, **({"retry_after": 30} if errno == 109 else {}))
            self.receive(msgid=17, reason="protocol")
            lose()
            self.assertIsInstance(self.client.state, then)
        self.assertEqual(self.offline().pause, 31)

    def test_credentials(self) -> None:
        for lacking in ({}, {"password": "x"}, {"userid": 1}, {"name": "x"}):
            with self.assertRaises(ValueError):
                Credentials(**lacking)
        self.assertNotIn("secret", repr(PASSWORD))
        self.assertNotIn("hidden", repr(Credentials(token="hidden")))


class ReplacedTests(SteadyCase):
    def test_it_does_not_fight(self) -> None:
        self.log_in()
        self.receive(msgid=17, reason="replaced")
        self.lose()
        self.assertEqual(self.client.state, Replaced())
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.assertEqual(len(self.endpoint.transports), 1)

    def test_it_comes_back_once_for_each_login_of_its_own_that_was_not_answered(self) -> None:
        self.client.start()
        self.lose()
        self.come_back()
        self.receive(msgid=17, reason="replaced")
        self.lose()
        self.assertIsInstance(self.offline().why, Dismissed)
        self.come_back()
        self.receive(msgid=17, reason="replaced")
        self.lose()
        self.assertEqual(self.client.state, Replaced())

    def test_it_does_not_come_back_for_logins_that_were_refused(self) -> None:
        self.client.start()
        self.refuse_login(110, retry_after=1)
        self.come_back()
        self.receive(msgid=17, reason="replaced")
        self.lose()
        self.assertEqual(self.client.state, Replaced())

    def test_nor_for_those_of_long_ago(self) -> None:
        self.client.start()
        self.lose()
        self.come_back()
        self.clock.advance(SETTLED_AFTER)
        self.receive(msgid=17, reason="replaced")
        self.lose()
        self.assertEqual(self.client.state, Replaced())

    def test_it_may_be_told_to_come_back(self) -> None:
        self.log_in()
        self.receive(msgid=17, reason="replaced")
        self.lose()
        self.log_in()
        self.assertIsInstance(self.client.state, Online)

    def test_also_from_within_the_listener(self) -> None:
        def listener(state: State) -> None:
            self.states.append(state)
            if state == Replaced():
                self.client.start()

        self.make(on_state=listener)
        self.log_in()
        self.receive(msgid=17, reason="replaced")
        self.lose()
        self.answer_login()
        self.assertIsInstance(self.client.state, Online)


class StoppingTests(SteadyCase):
    def test_before_the_start(self) -> None:
        self.stop()
        self.assertEqual(self.client.state, Stopped())
        with self.assertRaises(RuntimeError):
            self.client.start()

    def test_while_connecting(self) -> None:
        self.endpoint.hangs = True
        self.client.start()
        self.stop()
        self.assertEqual(self.states, [Connecting(), Stopped()])
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_while_logging_in(self) -> None:
        self.client.start()
        self.stop()
        self.assertFalse(self.transport.connected)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_while_offline(self) -> None:
        self.log_in()
        self.lose()
        self.stop()
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.assertEqual(self.client.state, Stopped())

    def test_while_online(self) -> None:
        self.log_in()
        self.receive(**push(1, "x"))
        self.stop()
        (ack,) = self.requests()
        self.assertEqual((ack["msgid"], ack["seq"]), (12, 1))
        self.assertFalse(self.transport.connected)
        self.assertEqual([type(state) for state in self.states], [Connecting, Online, Stopped])
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_while_a_connection_does_not_close(self) -> None:
        self.client.start()
        self.transport.loseConnection = lambda: None
        self.transport.abortConnection = lambda: self.transport.protocol.connectionLost(
            Failure(ConnectionLost())
        )
        self.refuse_login(1)
        stopping = self.client.stop()
        self.clock.advance(4.9)
        self.assertNoResult(stopping)
        self.clock.advance(0.1)
        self.successResultOf(stopping)

    def test_after_it_has_given_up(self) -> None:
        self.client.start()
        self.refuse_login(1)
        self.stop()
        self.assertEqual(self.client.state, Stopped())

    def test_twice(self) -> None:
        self.log_in()
        both = self.client.stop(), self.client.stop()
        self.clock.advance(0)
        for each in both:
            self.successResultOf(each)
        self.successResultOf(self.client.stop())

    def test_from_within_its_listeners(self) -> None:
        for state in (Connecting, Online, Offline):

            def listener(now: State, when: type[State] = state) -> None:
                if isinstance(now, when):
                    self.client.stop()

            self.make(on_state=listener)
            self.client.start()
            if state is not Connecting:
                self.answer_login()
            if state is Offline:
                self.lose()
            self.clock.advance(0)
            self.assertEqual(self.client.state, Stopped())
            self.assertEqual(self.clock.getDelayedCalls(), [])
