"""The page's modules when conversations get new numbers."""

from __future__ import annotations

from tests.browser.modules import Run

_POSITIONS = """
const { Positions } = await import('/store/positions.js');
localStorage['chat session'] = '{}';
localStorage['chat 7 got u1'] = '{"name":"li","pushed":9,"spans":[[8,9]]}';
localStorage['chat 7 read u1'] = '8';
const positions = new Positions(7);
const state = () => [positions.readUpTo('u1'), positions.unread('u1').spans];
const end = (result) => { positions.clear(); localStorage.clear(); return result; };
"""


def test_positions_begin_anew_with_a_new_number_of_the_conversation(run: Run) -> None:
    script = """
    const states = [state()];
    positions.meet('u1', 5); states.push(state());
    const again = positions.note('u1', 'li', 9, true);
    positions.meet('u1', 6); states.push(state());
    const isNew = positions.note('u1', '', 3, true);
    const late = positions.read('u1', 5, 9); states.push(state());
    const now = positions.read('u1', 6, 3); states.push(state());
    return end([states, again, isNew, late, now, positions.got('u1').name]);
    """
    states, *rest = run(_POSITIONS + script)
    assert states == [[8, [[9, 9]]], [8, [[9, 9]]], [0, []], [0, [[3, 3]]], [3, []]]
    assert rest == [False, True, False, True, "li"]


def test_a_conversation_that_is_gone_and_comes_again_is_not_read(run: Run) -> None:
    script = """
    positions.meet('u1', 5);
    positions.meet('u1', undefined); const gone = state();
    positions.meet('u1', 6);
    positions.note('u1', 'li', 1, true);
    return end([gone, state()]);
    """
    assert run(_POSITIONS + script) == [[0, []], [0, [[1, 1]]]]


def test_a_chat_begins_anew_whatever_tells_the_new_number(run: Run) -> None:
    script = """
    const { Chat } = await import('/model/chat.js');
    const { Signal } = await import('/base/signal.js');
    const { Positions } = await import('/store/positions.js');
    localStorage['chat session'] = '{}';
    let conv = 5;
    let stored = messages(1, 9);
    const line = {
      isLeading: true,
      state: { kind: 'online' },
      send() {}, announce() {},
      async request(frame) {
        const reply = { conv, messages: stored.map((each) => ({ ...each, conv })), more: false };
        this.answers.tell({ frame, reply });
        return reply;
      },
    };
    for (const name of ['states', 'frames', 'answers', 'welcomes', 'news']) {
      line[name] = new Signal();
    }
    const outbox = { texts: [], changes: new Signal(), of: () => [] };
    const positions = new Positions(7);
    const chat = new Chat({ id: 7, name: 'me' }, line, outbox, positions);
    const push = (seq) => line.frames.tell(
      { msgid: 5, id: 1, name: 'li', toid: 7, msg: `${seq}`, time: '', conv, seq }
    );
    const conversation = chat.conversation('u1');
    const tellers = [
      () => push(4),
      () => line.answers.tell({ frame: { msgid: 5, toid: 1 }, reply: { conv, seq: 4 } }),
      () => conversation.catchUp(),
    ];
    const results = [];
    for (const tell of tellers) {
      await conversation.timeline.open();
      push(9);
      const before = [conversation.timeline.last, conversation.latest.seq, conversation.unread];
      stored = messages(1, 3);
      conv += 1;
      tell();
      await until(() => conversation.timeline.messages.length === 0);
      results.push([before, [conversation.timeline.isAtEnd, conversation.unread]]);
      stored = messages(1, 9);
    }
    positions.clear();
    localStorage.clear();
    return results;
    """
    assert run(script) == [
        [[9, 9, 1], [False, 1]],
        [[9, 9, 2], [False, 0]],
        [[9, 9, 1], [False, 0]],
    ]
