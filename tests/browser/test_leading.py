"""Which tab leads, and how the others notice that it does not: the modules by themselves."""

from __future__ import annotations

from tests.browser.conftest import OpenPage, WebServer
from tests.browser.modules import Run

# A leading tab that is frozen keeps the lock and says nothing. `answer` is how it answers before.
_LINE = """
const { Line } = await import('/connection/line.js');
await new Promise((hold) => navigator.locks.request('chat 99', () => {
  hold();
  return new Promise((release) => { window.release = release; });
}).catch(() => {}));
const channel = new BroadcastChannel('chat 99');
const asked = [];
let answer = () => ({ type: 'state', state: { kind: 'online' }, welcome: {} });
channel.onmessage = ({ data }) => {
  asked.push(data.type);
  const said = answer(data);
  if (said) channel.postMessage({ from: 'leader', to: data.from, number: data.number, ...said });
};
const times = { hello: 100, watch: 200 };
const line = new Line({ id: 99, token: 'none' }, () => ({ friends: [], groups: [] }), times);
const states = [];
line.states.listen(({ kind }) => states.push(kind));
const end = (result) => { line.stop(); window.release(); channel.close(); return result; };
await until(() => line.state.kind === 'online');
"""


def test_a_leading_tab_that_falls_silent_is_replaced(run: Run) -> None:
    script = """
    answer = () => undefined;
    await until(() => line.isLeading);
    return end(asked.includes('watch'));
    """
    assert run(_LINE + script)


def test_a_leading_tab_that_answers_is_left_alone(run: Run) -> None:
    script = """
    answer = ({ type }) => type === 'watch' && { type: 'here', kind: 'online' };
    await until(() => asked.filter((type) => type === 'watch').length > 5);
    return end([line.isLeading, new Set(states).size]);
    """
    assert run(_LINE + script) == [False, 1]


def test_a_state_that_was_missed_is_asked_for(run: Run) -> None:
    script = """
    let kind = 'offline';
    answer = ({ type }) => (
      type === 'watch' ? { type: 'here', kind } : { type: 'state', state: { kind }, welcome: {} }
    );
    await until(() => line.state.kind === 'offline');
    kind = 'online';
    await until(() => line.state.kind === 'online');
    return end(states);
    """
    assert run(_LINE + script) == ["online", "offline", "online"]


def test_a_leading_tab_whose_timers_stand_still_does_not_answer(run: Run) -> None:
    script = """
    answer = () => undefined;
    await until(() => line.isLeading);
    const heard = [];
    const call = (type) => channel.postMessage({ type, from: 'me' });
    const listen = () => new Promise((resolve) => {
      channel.onmessage = ({ data }) => {
        heard.push(data.type);
        if (['news', 'here'].includes(data.type)) resolve();
      };
    });
    const running = window.setTimeout;
    const received = new Promise((resolve) => {
      new BroadcastChannel('chat 99').onmessage = ({ data }) => {
        if (data.type === 'hello') resolve();
      };
    });
    window.setTimeout = () => 0;
    let heardThat = listen();
    call('watch');
    call('hello');
    await received;
    line.announce({});
    await heardThat;
    window.setTimeout = running;
    const frozen = heard.splice(0).filter((type) => ['here', 'news'].includes(type));
    heardThat = listen();
    call('watch');
    await heardThat;
    return end([frozen, heard.at(-1)]);
    """
    assert run(_LINE + script) == [["news"], "here"]


def test_the_lead_is_told_and_lost_once_however_often_it_is_taken(run: Run) -> None:
    script = """
    const { Leadership } = await import('/connection/leadership.js');
    const leading = { a: 0, b: 0 };
    const most = { a: 0, b: 0 };
    const on = (who) => ({
      lead: () => { most[who] = Math.max(most[who], ++leading[who]); },
      follow: () => { leading[who] -= 1; },
    });
    const a = new Leadership('lead', on('a'));
    await until(() => leading.a);
    const b = new Leadership('lead', on('b'));
    b.take(); b.take(); b.take();
    await until(() => leading.b && !leading.a);
    a.take();
    await until(() => leading.a && !leading.b);
    a.stop();
    await until(() => leading.b);
    b.stop();
    return most;
    """
    assert run(script) == {"a": 1, "b": 1}


def test_a_page_that_the_browser_has_kept_is_loaded_anew(
    server: WebServer, open_page: OpenPage
) -> None:
    page = open_page(server)
    page.find("form.card")
    page.js(
        "window.isOld = true;"
        "window.dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }));"
    )
    page.wait(lambda: page.js("return !window.isOld"))
    page.find("form.card")
