"""Why something failed, in words: plain English, and Chinese."""

from __future__ import annotations

from pathlib import Path

from twisted.internet.error import (
    ConnectError,
    ConnectionDone,
    ConnectionLost,
    ConnectionRefusedError,
    DNSLookupError,
    NoRouteError,
    TCPTimedOutError,
    TimeoutError,
)
from twisted.trial.unittest import SynchronousTestCase

import chatserver
from chatclient.errors import Dismissed, ReplyTimeout
from chatclient.language import CHINESE, use_language
from chatclient.reasons import SENTENCES, reason
from chatserver.errors import BY_ERRNO, ChatError, InvalidField, NoSuchUser, Refused, TryAgain
from chatserver.wire.frames import Goodbye

SERVER = Path(chatserver.__file__).parent


class EnglishTests(SynchronousTestCase):
    def test_words_stay_as_they_were_said(self) -> None:
        for problem in (
            Refused("the name ann is taken; choose another"),
            InvalidField("msg must be short"),
            ChatError("what a newer server says (errno 200)"),
            ReplyTimeout("for 15 seconds"),
            ValueError("anything: else"),
        ):
            self.assertEqual(reason(problem), str(problem))

    def test_connections_fail_in_plain_words(self) -> None:
        for problem, words in (
            (ConnectionRefusedError("Connection refused"), "the server refuses connections"),
            (DNSLookupError("no results"), "the server's name is unknown"),
            (TCPTimedOutError("110"), "nothing answers at the server's address"),
            (TimeoutError(), "nothing answers at the server's address"),
            (NoRouteError("101"), "there is no way to the server; perhaps there is no network"),
            (ConnectError(113), "there is no way to the server; perhaps there is no network"),
            (ConnectionDone(), "the server closed the connection"),
            (ConnectionLost("reset"), "the connection was lost"),
        ):
            self.assertEqual(reason(problem), words)
        unusual = ConnectError(98, "address in use")
        self.assertEqual(reason(unusual), str(unusual))

    def test_a_goodbye_is_explained(self) -> None:
        for why in ("shutdown", "replaced", "slow", "idle", "protocol"):
            words = reason(Dismissed(Goodbye(reason=why)))
            self.assertIn(" ", words)

    def test_the_server_does_say_these_sentences(self) -> None:
        sources = "".join(path.read_text(encoding="utf-8") for path in SERVER.rglob("*.py"))
        for sentence in SENTENCES:
            self.assertTrue(
                sentence in sources or sentence.replace("{name}", "{request.name}") in sources,
                sentence,
            )


class ChineseTests(SynchronousTestCase):
    def setUp(self) -> None:
        use_language(CHINESE)
        self.addCleanup(use_language, None)

    def test_refusals(self) -> None:
        for problem, words in (
            (NoSuchUser(), "没有此 ID 的用户"),
            (NoSuchUser("no user has the id 99"), "没有此 ID 的用户 (no user has the id 99)"),
            (Refused("the name 李 is taken; choose another"), "用户名 李 已被占用；请另选一个"),
            (TryAgain("the server is stopping; try again"), "服务器正在停止；请重试"),
            (ChatError("new words (errno 200)"), "new words (errno 200)"),
        ):
            self.assertEqual(reason(problem), words)

    def test_every_errno_has_words(self) -> None:
        for kind in BY_ERRNO.values():
            self.assertNotEqual(reason(kind()), kind.text)

    def test_connections(self) -> None:
        for problem, words in (
            (ConnectionRefusedError("no"), "服务器拒绝连接"),
            (ConnectionDone(), "服务器关闭了连接"),
            (ReplyTimeout("for 15 seconds"), "服务器没有应答: for 15 seconds."),
            (DNSLookupError("no results"), "无法解析服务器的名称"),
            (Dismissed(Goodbye(reason="shutdown")), "服务器正在关闭"),
        ):
            self.assertEqual(reason(problem), words)
