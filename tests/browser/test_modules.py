"""The page's modules by themselves, where a whole page would take too long to get there."""

from __future__ import annotations

from tests.browser.modules import Run

_SOCKET = """
const { Socket } = await import('/connection/socket.js');
const web = new FakeWebSocket();
const frames = [];
let end;
const on = { frame: (frame) => frames.push(frame), end: (why) => { end = why; } };
const socket = new Socket(web, on, { connect: 200, reply: 200, silence: 50, probe: 100 });
"""


def test_a_server_that_falls_silent_is_given_up(run: Run) -> None:
    script = "web.open(); await socket.opened; await until(() => end); return [web.sent, end];"
    sent, end = run(_SOCKET + script)
    assert sent[0] == {"msgid": 13}
    assert end == {"reason": "lost", "isOurFault": False}


def test_a_server_that_answers_is_kept(run: Run) -> None:
    script = """
    web.answer = () => setTimeout(() => web.say({ msgid: 14 }));
    web.open();
    await until(() => web.sent.length > 4);
    return end ?? 'open';
    """
    assert run(_SOCKET + script) == "open"


def test_a_request_without_an_answer_ends_the_connection(run: Run) -> None:
    script = """
    web.answer = ({ msgid }) => { if (msgid === 13) setTimeout(() => web.say({ msgid: 14 })); };
    web.open();
    try { await socket.request({ msgid: 5 }); } catch (why) { return [why.name, end.reason]; }
    """
    assert run(_SOCKET + script) == ["Error", "lost"]


def test_a_handshake_without_an_end_is_given_up(run: Run) -> None:
    script = "try { await socket.opened; } catch (why) { return why.message; }"
    assert run(_SOCKET + script) == "lost"


def test_replies_find_their_requests_and_pings_are_answered(run: Run) -> None:
    script = """
    web.open();
    const asked = ['a', 'b'].map((what) => socket.request({ msgid: 15, what }));
    const [a, b] = web.sent;
    web.say({ msgid: 11, req: b.req, errno: 105, errmsg: 'nobody' });
    web.say({ msgid: 13, t: 7 });
    web.say({ msgid: 16, id: 3, state: 'online' });
    web.say({ msgid: 11, req: a.req, errno: 0, more: true });
    const [first, second] = await Promise.allSettled(asked);
    return [first.value.more, second.reason.errno, frames, web.sent[2]];
    """
    presence = {"msgid": 16, "id": 3, "state": "online"}
    assert run(_SOCKET + script) == [True, 105, [presence], {"msgid": 14, "t": 7}]


def test_a_goodbye_says_why_and_when_to_come_again(run: Run) -> None:
    script = """
    web.open();
    web.say({ msgid: 17, reason: 'shutdown', retry_after: 3.5 });
    web.dispatchEvent(new CloseEvent('close', { code: 1001 }));
    return end;
    """
    assert run(_SOCKET + script) == {
        "reason": "shutdown",
        "retryAfter": 3.5,
        "isOurFault": False,
    }


def test_pauses_grow_and_are_never_shorter_than_was_asked_for(run: Run) -> None:
    script = """
    const { Pauses } = await import('/connection/pauses.js');
    const pauses = new Pauses(1, 60);
    const drawn = Array.from({ length: 9 }, () => pauses.next());
    const asked = pauses.next(100);
    pauses.reset();
    return [drawn, asked, pauses.next()];
    """
    drawn, asked, fresh = run(script)
    for pause, ceiling in zip(drawn, [1, 2, 4, 8, 16, 32, 60, 60, 60], strict=True):
        assert ceiling / 2 <= pause <= ceiling
    assert asked >= 130
    assert fresh <= 1


_TIMELINE = """
const { Timeline } = await import('/model/timeline.js');
let stored = messages(1, 60);
const asked = [];
const timeline = new Timeline(async ({ before = Infinity, after = 0, limit }) => {
  asked.push([after, before === Infinity ? 0 : before]);
  const range = stored.filter(({ seq }) => seq > after && seq < before);
  const found = after && before === Infinity ? range.slice(0, limit) : range.slice(-limit);
  return { messages: found, more: found.length < range.length };
});
const seqs = () => timeline.messages.map(({ seq }) => seq);
const isWhole = () => seqs().every((seq, at) => seq === seqs()[0] + at);
"""


def test_a_gap_is_filled_from_the_history(run: Run) -> None:
    script = """
    await timeline.open();
    stored = messages(1, 70);
    timeline.take(stored[62]);
    timeline.take(stored[69]);
    const before = timeline.last;
    await until(() => timeline.last === 70);
    return [before, isWhole(), asked.slice(1)];
    """
    assert run(_TIMELINE + script) == [60, True, [[60, 0]]]


def test_what_comes_early_or_twice_finds_its_place(run: Run) -> None:
    script = """
    await timeline.open();
    stored = messages(1, 63);
    timeline.take(stored[61]);
    timeline.take(stored[60]);
    timeline.take(stored[60]);
    timeline.take(stored[58]);
    timeline.take(stored[62]);
    return [timeline.last, isWhole(), asked.length];
    """
    assert run(_TIMELINE + script) == [63, True, 1]


def test_what_comes_while_history_is_read_is_not_lost(run: Run) -> None:
    script = """
    const opening = timeline.open();
    stored = messages(1, 61);
    timeline.take(stored[60]);
    await opening;
    return [timeline.last, isWhole()];
    """
    assert run(_TIMELINE + script) == [61, True]


def test_an_answer_that_overtakes_the_first_messages(run: Run) -> None:
    script = """
    stored = [];
    await timeline.open();
    stored = messages(1, 3);
    timeline.take(stored[2]);
    timeline.take(stored[0]);
    timeline.take(stored[1]);
    await timeline.older();
    return [seqs(), timeline.hasOlder];
    """
    assert run(_TIMELINE + script) == [[1, 2, 3], False]


def test_a_timeline_stays_small_wherever_one_looks(run: Run) -> None:
    script = """
    stored = messages(1, 1000);
    await timeline.open();
    const lengths = [];
    for (let page = 0; page < 12; page++) {
      await timeline.older();
      lengths.push(timeline.messages.length);
    }
    const oldest = timeline.first;
    while (!timeline.isAtEnd) {
      await timeline.newer(true);
      lengths.push(timeline.messages.length);
    }
    return [oldest, timeline.last, isWhole(), Math.max(...lengths)];
    """
    assert run(_TIMELINE + script) == [351, 1000, True, 300]


def test_the_first_unread_is_found_however_far_back_it_is(run: Run) -> None:
    script = """
    stored = messages(1, 1000);
    await timeline.open(400);
    return [timeline.first, timeline.last, timeline.has(400), isWhole(), timeline.isAtEnd];
    """
    assert run(_TIMELINE + script) == [375, 449, True, True, False]


def test_unread_seqs_are_kept_as_spans(run: Run) -> None:
    script = """
    const { Spans } = await import('/store/spans.js');
    const spans = new Spans();
    for (const seq of [3, 4, 5, 9, 10]) spans.add(seq);
    const [four, five, ten] = [4, 5, 10].map((bound) => spans.above(bound));
    return [spans.spans, spans.count, four.spans, five.first, ten.count];
    """
    assert run(script) == [[[3, 5], [9, 10]], 5, [[5, 5], [9, 10]], 9, 0]


def test_texts_of_a_conversation_go_out_one_by_one_whatever_is_refused(run: Run) -> None:
    script = """
    const { Sender } = await import('/model/sender.js');
    const { Refused, Lost } = await import('/base/errors.js');
    const { Signal } = await import('/base/signal.js');
    const texts = ['u1 a', 'u1 b', 'g2 c', 'u1 d'].map((text) => (
      { cid: text, key: text.slice(0, 2), text }
    ));
    const outbox = {
      texts,
      changes: new Signal(),
      async remove(cid) { this.texts = this.texts.filter((text) => text.cid !== cid); },
      async fail(cid) { this.texts.find((text) => text.cid === cid).failed = {}; },
    };
    const troubles = {
      'u1 a': [new Lost('lost'), new Refused({ errno: 109, retry_after: 0.01 })],
      'g2 c': [new Refused({ errno: 110, retry_after: 0.01 })],
      'u1 b': [new Refused({ errno: 105 })],
    };
    const events = [];
    const line = {
      isLeading: true,
      state: { kind: 'online' },
      states: new Signal(),
      announce() {},
      share: ({ cid, seq }) => events.push(`stored ${cid}`),
      async request({ cid }) {
        events.push(`asked ${cid}`);
        await new Promise((resolve) => setTimeout(resolve, 5));
        const trouble = troubles[cid]?.shift();
        if (!trouble) return { conv: 1, seq: 1, time: '' };
        if (trouble instanceof Lost) setTimeout(() => line.states.tell(line.state), 20);
        throw trouble;
      },
    };
    new Sender(line, outbox, { id: 9, name: 'me' });
    line.states.tell(line.state);
    await until(() => outbox.texts.every(({ failed }) => failed));
    return [events, outbox.texts.map(({ cid }) => cid)];
    """
    events, left = run(script)
    assert [event for event in events if "g2" not in event] == [
        "asked u1 a",
        "asked u1 a",
        "asked u1 a",
        "stored u1 a",
        "asked u1 b",
        "asked u1 d",
        "stored u1 d",
    ]
    assert [event for event in events if "g2" in event] == [
        "asked g2 c",
        "asked g2 c",
        "stored g2 c",
    ]
    assert left == ["u1 b"]


def test_what_could_not_be_read_is_read_later(run: Run) -> None:
    script = """
    const { Timeline } = await import('/model/timeline.js');
    let isAway = true;
    const timeline = new Timeline(async ({ before = 61 }) => {
      if (isAway) throw new Error('away');
      return { messages: messages(before - 20, before - 1), more: before > 21 };
    });
    const states = [];
    const note = () => states.push([timeline.first ?? 0, timeline.problem?.message ?? '']);
    await timeline.open(); note();
    isAway = false;
    await timeline.retry(); note();
    isAway = true;
    await timeline.older(); note();
    isAway = false;
    await timeline.retry(); note();
    return states;
    """
    assert run(script) == [[0, "away"], [41, ""], [41, "away"], [21, ""]]
