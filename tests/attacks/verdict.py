"""Whether what came back on a connection is what the protocol demands for what was sent."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from tests.attacks import oracle
from tests.attacks.shapes import CLASSIC, LINES

Json = dict[str, Any]
END = "end"  # the req of the request that ends a stream: its answer comes behind all others
_LINES_END = b'\n{"msgid":99,"req":"end"}\n'
_CLASSIC_END = b'\0{"msgid":3,"name":"","req":"end"}\0'
_MAX_CLASSIC = 1023


def is_classic(stream: bytes) -> bool:
    """Which dialect the first terminator in the stream stands for."""
    newline, nul = stream.find(b"\n"), stream.find(b"\0")
    return nul >= 0 and (newline < 0 or nul < newline)


def ended(stream: bytes) -> bytes:
    """The stream with the request behind it whose answer is the last."""
    return stream + (_CLASSIC_END if is_classic(stream) else _LINES_END)


def check(stream: bytes, received: bytes, max_frame: int, *, is_closed: bool) -> list[Json]:
    """What came, taken apart.

    :param stream: what was sent, :func:`ended`.
    :param is_closed: whether the server closed the connection.
    :raises AssertionError: the server broke the protocol.
    """
    judge = _check_classic if is_classic(stream) else _check_lines
    return judge(stream, received, max_frame, is_closed=is_closed)


def _check_lines(stream: bytes, received: bytes, max_frame: int, *, is_closed: bool) -> list[Json]:
    *frames, rest = received.split(b"\n")
    assert not rest, f"half a frame: {rest[:200]!r}"
    told = [_read(frame) for frame in frames]
    for frame in told:
        LINES.check(frame)
    requests = list(oracle.lines_in(stream, max_frame))
    goodbye = next((at for at, frame in enumerate(told) if frame["msgid"] == 17), None)
    # A first frame that never ends has not shown a dialect, so there is no goodbye.
    may_be_short = requests[:1] == [None]
    assert is_closed >= (goodbye is not None), "not closed after a goodbye"
    assert is_closed <= (goodbye is not None or may_be_short), "closed without a goodbye"
    assert goodbye in (None, len(told) - 1), "something behind a goodbye"
    reason = told[goodbye]["reason"] if goodbye is not None else None
    assert reason in (None, "protocol", "replaced"), reason
    _check_pongs(requests, told, is_cut=reason is not None)
    answers = [frame for frame in told if frame["msgid"] in (2, 4, 11) and frame.get("re") != 13]
    _check_answers(requests, answers, is_cut=reason == "replaced")
    assert (reason == "protocol") <= (None in requests), "closed for nothing"
    return told


class _State(NamedTuple):
    """After some requests: how many of the answers belong to them, and whether one is logged in."""

    answered: int
    logged_in: bool


def _check_answers(requests: Iterable[bytes | None], answers: list[Json], *, is_cut: bool) -> None:
    """Give each answer to a request, in their order, in all the ways there are."""
    states = {_State(0, False)}
    for request in requests:
        after = {
            state for before in states for state in _after(request, answers, before, is_cut=is_cut)
        }
        at, logged_in = max(states)
        assert after, (
            f"for {(request or b'')[:300]!r} (logged in: {logged_in}) came {answers[at : at + 1]}, "
            f"wanted was {_wanted(request, logged_in)}"
        )
        states = after
    at = max(states).answered
    assert at == len(answers), f"more answers than requests: {answers[at:]}"


def _after(
    request: bytes | None, answers: list[Json], before: _State, *, is_cut: bool
) -> Iterator[_State]:
    at, logged_in = before
    wanted = _wanted(request, logged_in)
    answer = answers[at] if at < len(answers) else None
    if wanted.re == 13:
        # PINGs are not answered in the order of the others; but for what no parser could take.
        yield before
        if answer is not None and not wanted.is_sure and _is_malformed(answer):
            yield _State(at + 1, logged_in)
        return
    if answer is not None and wanted.fits(answer):
        if answer["errno"] == 0 and (answer["msgid"] == 2 or answer.get("re") == 10):
            logged_in = answer["msgid"] == 2
        yield _State(at + 1, logged_in)
    if wanted.may_be_silent or (is_cut and answer is None):
        yield before


def _wanted(request: bytes | None, logged_in: bool) -> oracle.Answer:
    if request is None:
        return oracle.Answer()  # too long: the last one
    return oracle.answer_to(request, logged_in=logged_in)


def _check_pongs(requests: Iterable[bytes | None], told: list[Json], *, is_cut: bool) -> None:
    """PONGs come in the order of the PINGs; each valid PING has a PONG or a refusal."""
    pings = [ping for ping in (oracle.ping_in(frame or b"") for frame in requests) if ping]
    refused = sum(frame["msgid"] == 11 and frame.get("re") == 13 for frame in told)
    wrong = sum(_is_bad_ping(frame or b"") for frame in requests)
    pongs = [frame for frame in told if frame["msgid"] == 14]
    unsure = sum(oracle.is_extreme(frame or b"") for frame in requests)
    lacking = len(pings) + wrong - len(pongs) - refused
    assert is_cut or 0 <= lacking <= unsure, "a PING without its answer"
    rest = iter(pings)
    for pong in pongs:
        assert any(
            ping.get("t") == pong.get("t") and ping.get("req") == pong.get("req") for ping in rest
        ), f"a PONG to no PING, or out of order: {pong}"


def _is_malformed(answer: Json) -> bool:
    return bool(answer["msgid"] == 11 and answer["errno"] == oracle.MALFORMED)


def _is_bad_ping(frame: bytes) -> bool:
    return oracle.answer_to(frame, logged_in=False).re == 13 and oracle.ping_in(frame) is None


def _check_classic(
    stream: bytes, received: bytes, max_frame: int, *, is_closed: bool
) -> list[Json]:
    *frames, rest = received.split(b"\0")
    assert not rest, f"half a frame: {rest[:200]!r}"
    told = [_read(frame) for frame in frames]
    for text, frame in zip(frames, told, strict=True):
        assert len(text) <= _MAX_CLASSIC, "too long for a classic client"
        CLASSIC.check(frame)
    requests = list(oracle.classic_frames_in(stream, max_frame))
    assert is_closed >= (None in requests), "not closed"
    answers = [frame for frame in told if frame["msgid"] in (2, 4)]
    # Who has logged in may be replaced, even before that is answered.
    is_replaceable = any(oracle.is_login(request or b"") for request in requests)
    assert is_closed <= (None in requests or is_replaceable), "closed for nothing"
    for request in requests:
        # Whether one is logged in can't be followed: what would tell it is not told.
        wanted = [oracle.answer_to(request or b"", logged_in=state) for state in (False, True)]
        if request is None or wanted[0].msgid == 11:
            continue
        if is_replaceable and is_closed and not answers:
            break
        answer = answers.pop(0) if answers else None
        assert answer, f"no answer to {request[:300]!r}"
        assert any(one.fits(answer) for one in wanted), (
            f"for {request[:300]!r} came {answer}, wanted was {wanted}"
        )
    assert not answers, f"more answers than requests: {answers}"
    return told


def _read(frame: bytes) -> Json:
    read = json.loads(frame)
    assert isinstance(read, dict), frame
    return read
