// @ts-check
import { Lost, Refused } from "../base/errors.js";
import { uniqueName } from "../base/random.js";
import { Signal } from "../base/signal.js";
import { Leadership } from "./leadership.js";
import { Link } from "./link.js";

/** @typedef {import("../base/types.js").Frame} Frame */
/** @typedef {import("../base/types.js").State} State */
/** @typedef {import("../base/types.js").Welcome} Welcome */

const TIMES = {
  hello: 4_000, // milliseconds in which a leading tab must answer
  watch: 10_000, // after which it is asked whether it is still there
  request: 20_000, // a little more than the leading tab's own
};

/**
 * The way to the server for one tab, whichever tab has the connection: one leads and has it, the
 * others go through it. Everything that the server says reaches all of them. They watch it: a
 * browser may freeze a tab, which then keeps the connection for itself.
 */
export class Line {
  /** @type {State} */
  state = { kind: "connecting" };
  /** @type {Signal<State>} */
  states = new Signal();
  /** @type {Signal<Frame>} What the server says unasked. */
  frames = new Signal();
  /** @type {Signal<{frame: Frame, reply: Frame}>} In the leading tab: what was answered to any of them. */
  answers = new Signal();
  /** @type {Signal<Welcome>} Friends and groups, as a login tells them; comes before "online". */
  welcomes = new Signal();
  /** @type {Signal<any>} What another tab has announced. */
  news = new Signal();

  #tab = uniqueName();
  #channel;
  #leadership;
  #token;
  #welcome;
  /** @type {Link | undefined} While this tab leads. */
  #link;
  #asked = 0;
  /** @type {Map<number, {resolve: (reply: Frame) => void, reject: (why: Error) => void}>} */
  #waiting = new Map();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #patience;
  #times;
  #watch;
  #onVisible = () => {
    if (document.visibilityState === "visible" && !this.isLeading) this.#hello();
  };

  /**
   * @param {{id: number, token: string}} session
   * @param {() => Welcome} welcome what tabs that come later shall know
   * @param {Partial<typeof TIMES>} [times] in milliseconds
   */
  constructor({ id, token }, welcome, times) {
    const name = `chat ${id}`;
    this.#token = token;
    this.#welcome = welcome;
    this.#times = { ...TIMES, ...times };
    this.#channel = new BroadcastChannel(name);
    this.#channel.onmessage = ({ data }) => this.#hear(data);
    this.#leadership = new Leadership(name, {
      lead: () => this.#lead(),
      follow: () => this.#follow(),
    });
    document.addEventListener("visibilitychange", this.#onVisible);
    this.#watch = setInterval(() => {
      if (!this.isLeading) this.#call("watch");
    }, this.#times.watch);
    this.#hello();
  }

  /** Whether this tab has the connection. */
  get isLeading() {
    return this.#link !== undefined;
  }

  /**
   * @param {Frame} frame @returns {Promise<Frame>} rejects with Refused, or with Lost
   */
  request(frame) {
    if (this.#link) return this.#ask(this.#link, frame);
    if (this.state.kind !== "online") return Promise.reject(new Lost("offline"));
    const number = ++this.#asked;
    this.#post({ type: "request", number, frame });
    return new Promise((resolve, reject) => {
      this.#waiting.set(number, { resolve, reject });
      setTimeout(() => {
        if (!this.#waiting.delete(number)) return;
        reject(new Lost("no answer"));
        this.#leadership.take();
      }, this.#times.request);
    });
  }

  /** Send what is not answered; only the leading tab does. @param {Frame} frame */
  send(frame) {
    this.#link?.send(frame);
  }

  /** Connect now. */
  retry() {
    if (this.#link) this.#link.retry();
    else this.#post({ type: "retry" });
  }

  /** Log in again, to be told of friends and groups that were added elsewhere. */
  renew() {
    this.#link?.renew();
  }

  /** Tell the other tabs. @param {any} news */
  announce(news) {
    this.#post({ type: "news", news });
  }

  /** Tell all tabs a frame that the server did not send. @param {Frame} frame */
  share(frame) {
    this.#post({ type: "frame", frame });
    this.frames.tell(frame);
  }

  /** Have no connection, now and later. */
  stop() {
    document.removeEventListener("visibilitychange", this.#onVisible);
    clearTimeout(this.#patience);
    clearInterval(this.#watch);
    this.#link?.stop();
    this.#link = undefined;
    this.#leadership.stop();
    this.#channel.close();
  }

  #lead() {
    clearTimeout(this.#patience);
    this.#lose();
    this.#link = new Link(this.#token, {
      frame: (frame) => this.share(frame),
      welcome: ({ friends, groups }) => this.welcomes.tell({ friends, groups }),
      state: (state) => {
        if (this.#link) this.#tell(state);
        this.#become(state);
      },
    });
    // What others have asked of the tab that led before is lost.
    this.#tell(this.#link.state);
  }

  #follow() {
    this.#link?.stop();
    this.#link = undefined;
    this.#become({ kind: "connecting" });
    this.#hello();
  }

  /** Ask the leading tab how things stand. */
  #hello() {
    this.#call("hello");
  }

  /** Say something to the leading tab; without an answer, lead. @param {"hello" | "watch"} type */
  #call(type) {
    clearTimeout(this.#patience);
    this.#post({ type });
    this.#patience = setTimeout(() => {
      if (!this.isLeading) this.#leadership.take();
    }, this.#times.hello);
  }

  /** Tell how things stand. @param {State} state @param {string} [to] one tab, instead of all */
  #tell(state, to) {
    this.#post({ type: "state", to, state, welcome: this.#welcome() });
  }

  /** @param {any} message */
  #post(message) {
    this.#channel.postMessage({ from: this.#tab, ...message });
  }

  /** @param {any} message */
  #hear(message) {
    if (message.to && message.to !== this.#tab) return;
    switch (message.type) {
      case "frame":
        return this.frames.tell(message.frame);
      case "news":
        return this.news.tell(message.news);
      case "request":
      case "hello":
      case "watch":
      case "retry":
        if (this.#link) this.#serve(this.#link, message);
        return;
      case "reply":
      case "here":
      case "state":
        if (!this.#link) this.#obey(message);
    }
  }

  /** @param {Link} link @param {Frame} frame */
  async #ask(link, frame) {
    const reply = await link.request(frame);
    this.answers.tell({ frame, reply });
    return reply;
  }

  /** What the leading tab does for others. @param {Link} link @param {any} message */
  async #serve(link, { type, from, number, frame }) {
    if (type === "retry") return link.retry();
    if (type === "hello" || type === "watch") return this.#showLife(type, from);
    const answer = { type: "reply", to: from, number };
    try {
      this.#post({ ...answer, reply: await this.#ask(link, frame) });
    } catch (problem) {
      const { errno, retryAfter: retry_after, message: errmsg } = /** @type {Refused} */ (problem);
      this.#post({ ...answer, refusal: { errno, retry_after, errmsg } });
    }
  }

  /**
   * Answer by a timer: a frozen tab may still hear others, but its timers stand still, and with
   * them the next attempt to connect.
   * @param {"hello" | "watch"} type @param {string} to
   */
  #showLife(type, to) {
    setTimeout(() => {
      if (!this.#link) return;
      const { state } = this.#link;
      if (type === "hello") this.#tell(state, to);
      else this.#post({ type: "here", to, kind: state.kind });
    });
  }

  /** What the leading tab says to this one. @param {any} message */
  #obey({ type, number, reply, refusal, state, welcome, kind }) {
    if (type === "here") {
      clearTimeout(this.#patience);
      if (kind !== this.state.kind) this.#hello();
      return;
    }
    if (type === "state") {
      clearTimeout(this.#patience);
      if (state.kind === "online") this.welcomes.tell(welcome);
      return this.#become(state);
    }
    const waiting = this.#waiting.get(number);
    this.#waiting.delete(number);
    if (reply) waiting?.resolve(reply);
    else waiting?.reject(refusal.errno ? new Refused(refusal) : new Lost(refusal.errmsg));
  }

  /** @param {State} state */
  #become(state) {
    this.state = state;
    if (state.kind !== "online") this.#lose();
    this.states.tell(state);
  }

  /** What was asked through another tab will not be answered any more. */
  #lose() {
    for (const { reject } of this.#waiting.values()) reject(new Lost("offline"));
    this.#waiting.clear();
  }
}
