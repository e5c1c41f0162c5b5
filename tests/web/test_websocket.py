"""/ws: what is WebSocket's own."""

from __future__ import annotations

import struct
from typing import Any

from twisted.internet.defer import Deferred, gatherResults

from tests.server.messages import add_friend, chat, login, ping
from tests.support.waiting import until
from tests.support.websocket import WebSocketClient
from tests.support.wire import Json
from tests.web.cases import WebCase

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
GOODBYE = {"msgid": 17, "reason": "protocol"}


class WebSocketCase(WebCase):
    async def web_user(self, **fields: Any) -> tuple[int, WebSocketClient]:
        """A new account that is logged in over WebSocket: its id and its connection."""
        account = self.add_account()
        client = await self.open()
        reply = await client.ask(login(account, **fields))
        self.assertEqual(reply["errno"], 0, reply)
        return account, client

    @property
    def node(self) -> Any:
        return self.server._node


class ChatTests(WebSocketCase):
    async def test_people_chat_over_tcp_and_websocket_alike(self) -> None:
        zhang, over_tcp = await self.user()
        li, over_web = await self.web_user()
        over_tcp.send(chat(li, "你好"))
        pushed = await over_web.next(msgid=5)
        self.assertEqual((pushed["id"], pushed["msg"]), (zhang, "你好"))
        over_web.send(chat(zhang, "😀"))
        self.assertEqual((await over_tcp.next(msgid=5))["msg"], "😀")

    async def test_each_object_is_a_text_frame_of_its_own(self) -> None:
        li, client = await self.web_user()
        client.send(*(chat(li, f"line\n{number}", req=number) for number in range(200)))
        await client.next(req=199)
        self.assertEqual(len(client.reads), 201)
        self.assertFalse([text for text in client.reads if b"\n" in text])

    async def test_a_message_may_come_in_fragments_with_pings_between(self) -> None:
        client = await self.open()
        send = client.websocket.sendFrame
        send(TEXT, b'{"msgid":13,', fin=False)
        send(PING, b"here?")
        send(0, b'"t":', fin=False)
        send(0, b"", fin=False)
        send(0, b"1}")
        self.assertEqual(await client.next(), {"msgid": 14, "t": 1})

    async def test_what_comes_with_the_request_for_the_websocket_counts(self) -> None:
        client = await self.open(early=b'{"msgid":13,"t":"early"}')
        self.assertEqual(await client.next(), {"msgid": 14, "t": "early"})

    async def test_compression_is_not_agreed_to(self) -> None:
        offer = {"Sec-WebSocket-Extensions": "permessage-deflate"}
        client = await self.open(headers=offer)
        self.assertNotIn("sec-websocket-extensions", client.websocket.http_headers)
        self.assertEqual(await client.settled(), [])


class BrokenRuleTests(WebSocketCase):
    """Each is told in the chat's own words, and closed with the status that RFC 6455 wants."""

    settings = {"web": ("0",), "max_frame": 2000}

    async def assert_closed(self, client: WebSocketClient, status: int, words: str) -> None:
        await client.closed
        refusal, goodbye = client.received[-2:]
        self.assert_errno(refusal, 100)
        self.assertIn(words, refusal["errmsg"])
        self.assertEqual(goodbye, GOODBYE)
        self.assertEqual(client.status, status)
        await until(lambda: not self.node.registry.sessions)

    async def test_a_frame_as_long_as_may_be(self) -> None:
        client = await self.open()
        client.send_text(b'{"msgid":13,"t":1%s}' % (b" " * 1982))
        self.assertEqual((await client.next())["t"], 1)

    async def test_a_frame_that_is_too_long(self) -> None:
        client = await self.open()
        client.send_text(b" " * 2001)
        await self.assert_closed(client, 1009, "at most 2000 bytes")

    async def test_fragments_that_are_too_long_together(self) -> None:
        client = await self.open()
        client.websocket.sendFrame(TEXT, b" " * 1500, fin=False)
        client.websocket.sendFrame(0, b" " * 501, fin=False)
        await self.assert_closed(client, 1009, "at most 2000 bytes")

    async def test_a_length_that_nobody_could_send(self) -> None:
        client = await self.open()
        client.transport.write(b"\x81\xff" + struct.pack("!Q", 2**62) + b"mask" + b"x" * 100_000)
        await self.assert_closed(client, 1009, "at most 2000 bytes")

    async def test_a_binary_frame(self) -> None:
        client = await self.open()
        client.websocket.sendMessage(b'{"msgid":13}', isBinary=True)
        await self.assert_closed(client, 1003, "text frames")

    async def test_text_that_is_no_utf8(self) -> None:
        client = await self.open()
        client.send_text(b'{"msgid":13,"t":"\xff"}')
        await self.assert_closed(client, 1007, "UTF-8")

    async def test_a_frame_without_a_mask(self) -> None:
        client = await self.open()
        client.transport.write(b'\x81\x0c{"msgid":13}')
        await self.assert_closed(client, 1002, "unmasked")

    async def test_an_endless_control_frame(self) -> None:
        client = await self.open()
        client.transport.write(b"\x89\xff" + struct.pack("!Q", 2**62) + b"mask")
        for _ in range(20):
            client.transport.write(b"x" * 50_000)
        await self.assert_closed(client, 1002, "control frame")

    async def test_a_second_mistake_behind_the_first(self) -> None:
        client = await self.open()
        client.send_text(b" " * 2001)
        client.transport.write(b"\x89\xfe" + struct.pack("!H", 130) + b"mask" + b"x" * 130)
        await self.assert_closed(client, 1009, "at most 2000 bytes")

    async def test_what_was_asked_before_is_answered_first(self) -> None:
        account, client = await self.web_user()
        client.send(*(chat(account, "x", req=number) for number in range(20)))
        client.send_text(b"x" * 2001)
        await self.assert_closed(client, 1009, "at most 2000 bytes")
        answers = [frame["req"] for frame in client.received if "req" in frame]
        self.assertEqual(answers, [*range(20)])

    async def test_nothing_counts_behind_it(self) -> None:
        account, client = await self.web_user()
        client.send_text(b"x" * 2001)
        client.send(chat(account, "late"))
        await client.closed
        self.assertEqual(self.sql("SELECT * FROM messages"), [])


class ClosingTests(WebSocketCase):
    async def test_the_clients_closing_is_answered_behind_all_that_it_asked(self) -> None:
        account, client = await self.web_user()
        client.send(*(chat(account, "x", req=number) for number in range(50)))
        client.websocket.sendClose(3999, "bye")
        await client.closed
        self.assertTrue(client.websocket.wasClean)
        answers = [frame["req"] for frame in client.received if "req" in frame]
        self.assertEqual(answers, [*range(50)])
        await self.login_when_free(account)

    async def test_rubbish_in_the_clients_closing_ends_it_too(self) -> None:
        for payload in (b"\x03", b"\x00\x00", b"\x03\xed", b"\x03\xe8\xff\xff", b"\x27\x0f"):
            client = await self.open()
            client.websocket.sendFrame(CLOSE, payload)
            await client.closed

    async def test_the_servers_closing_has_a_status(self) -> None:
        account, client = await self.web_user(device="phone")
        await self.login(account, device="phone")
        await client.closed
        self.assertEqual(client.received[-1], {"msgid": 17, "reason": "replaced"})
        self.assertEqual((client.status, client.websocket.wasClean), (1000, True))

    async def test_at_a_stop_it_is_going_away(self) -> None:
        _, client = await self.web_user()
        await self.restart()
        await client.closed
        self.assertEqual(client.received[-1]["reason"], "shutdown")
        self.assertEqual((client.status, client.websocket.wasClean), (1001, True))

    async def test_a_full_server_says_so(self) -> None:
        await self.restart(max_connections=2)
        await self.web_user()
        await self.user()
        newest = await self.open()
        await newest.closed
        self.assert_errno(newest.received[-1], 110)
        self.assertEqual(newest.status, 1013)

    async def test_a_client_that_does_not_answer_the_closing_is_cut_off(self) -> None:
        account, client = await self.web_user(device="phone")
        client.websocket.onCloseFrame = lambda *_: None
        await self.login(account, device="phone")
        await client.closed

    async def test_after_it_nothing_is_left(self) -> None:
        clients = [await self.open() for _ in range(5)]
        gateway = self.server._web.gateway  # type: ignore[union-attr]
        self.assertEqual(len(gateway), 5)
        for client in clients[:3]:
            await client.hang_up()
        for client in clients[3:]:
            client.cut()
        await until(lambda: not len(gateway) and not len(self.node.connections))


class PingTests(WebSocketCase):
    def shorten(self, silence: float) -> None:
        """After so many seconds of silence the server pings, from now on."""
        web: Any = self.server._web
        web.gateway._silence = silence

    async def test_a_websockets_ping_is_answered(self) -> None:
        client = await self.open()
        pongs: list[bytes] = []
        client.websocket.onPong = pongs.append
        client.websocket.sendPing(b"here?")
        await until(lambda: pongs == [b"here?"])

    async def test_a_client_that_pings_and_does_not_read_makes_nothing_pile_up(self) -> None:
        client = await self.open()
        client.stop_reading()
        client.transport.write((b"\x89\xfdmask" + b"x" * 125) * 100_000)
        [session] = self.node.registry.sessions
        websocket = session.connection.websocket
        await until(lambda: websocket.trafficStats.incomingOctetsWireLevel >= 13_100_000)
        self.assertLess(len(websocket.transport.dataBuffer), 100_000)
        client.read_on()
        self.assertEqual(await client.settled(), [])

    async def test_a_peer_that_is_gone_is_found(self) -> None:
        self.shorten(0.5)
        _, friend_client = await self.user()
        account, client = await self.web_user()
        await friend_client.ask(add_friend(account))
        client.stop_reading()  # it answers no ping any more
        gone = await friend_client.next(msgid=16, id=account)
        self.assertEqual(gone["state"], "offline")

    async def test_a_peer_that_answers_stays(self) -> None:
        self.shorten(0.5)
        _, client = await self.web_user()
        pings: list[bytes] = []
        answer = client.websocket.onPing

        def noted(payload: bytes) -> None:
            pings.append(payload)
            answer(payload)

        client.websocket.onPing = noted
        await until(lambda: len(pings) == 2)
        self.assertEqual(await client.settled(), [])


class SlowTests(WebSocketCase):
    settings = {"web": ("0",), "send_queue": 65_536, "rate": 0}

    async def test_the_unsent_bytes_of_a_slow_reader_are_known(self) -> None:
        account, client = await self.web_user(ack=True)
        _, sender = await self.user()
        client.stop_reading()
        [session] = [one for one in self.node.registry.sessions if one.login.acked]
        reply: Json = {}
        while not session.is_closing:
            sender.send(*(chat(account, "x" * 16_000, req=number) for number in range(20)))
            reply = await sender.next(req=19)
            self.assertEqual(reply["errno"], 0)
        client.read_on()
        self.assertEqual((await client.next(msgid=17))["reason"], "slow")
        await client.closed
        self.assertEqual(self.node.connections.closed["slow"], 1)


class StormTests(WebSocketCase):
    async def test_hundreds_that_come_at_once_all_get_in(self) -> None:
        opening = [Deferred.fromCoroutine(self.open()) for _ in range(300)]
        for client in await gatherResults(opening):
            self.assertEqual(await client.settled(), [])


class PauseTests(WebSocketCase):
    settings = {"web": ("0",), "in_progress": 10}

    async def test_frames_of_one_packet_wait_while_too_much_is_in_progress(self) -> None:
        account, client = await self.web_user()
        client.send(*(chat(account, "x", req=number) for number in range(300)), ping(t="last"))
        most = 0
        while not client.frames or client.frames[-1].get("t") != "last":
            [session] = self.node.registry.sessions
            most = max(most, session.requests.in_progress)
            await client.sent()
        self.assertLessEqual(most, 10)
