// @ts-check
import { Signal } from "../base/signal.js";

/** @typedef {import("../base/types.js").Message} Message */
/** @typedef {{before?: number, after?: number, limit?: number}} Range */
/** @typedef {(range: Range) => Promise<{messages: Message[], more: boolean}>} Load */

const PAGE = 50;
const MOST = 300; // messages at a time, which bounds what the page shows
const GAP_PATIENCE = 300; // milliseconds in which a missing message may still come by itself

/**
 * The part of a conversation that is at hand: messages without holes, as many as a page can
 * bear. It grows at both ends, and forgets at the other one.
 */
export class Timeline {
  /** @type {Message[]} In the order of `seq`, without holes. */
  messages = [];
  hasOlder = true;
  /** Whether the newest message is the conversation's newest. */
  isAtEnd = false;
  /** Whether the newest are looked at, so that the oldest may go. */
  isFollowed = true;
  isLoading = false;
  /** @type {unknown} Why it could not be read from the server, if it couldn't. */
  problem;
  /** @type {Signal<void>} */
  changes = new Signal();
  /** @type {Map<number, Message>} What came before those in front of it. */
  #early = new Map();
  #load;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #patience;

  /** @param {Load} load reads from the server; a range as in HISTORY */
  constructor(load) {
    this.#load = load;
  }

  get first() {
    return this.messages[0]?.seq;
  }

  get last() {
    return this.messages.at(-1)?.seq;
  }

  /** @param {number} seq */
  has(seq) {
    return this.messages.length > 0 && this.first <= seq && seq <= Number(this.last);
  }

  /** Have the newest messages at hand, or those around the first unread one. @param {number} [unread] */
  async open(unread) {
    if (unread && !this.has(unread)) {
      await this.#fetch(async () => {
        const [older, newer] = await Promise.all([
          this.#load({ before: unread, limit: PAGE / 2 }),
          this.#load({ after: unread - 1, limit: PAGE }),
        ]);
        this.messages = [...older.messages, ...newer.messages];
        this.hasOlder = older.more;
        this.isAtEnd = !newer.more;
      });
    } else if (!this.messages.length) {
      await this.newest();
    }
  }

  /** Read once more what could not be read. */
  async retry() {
    if (!this.messages.length) await this.newest();
    else await (this.hasOlder ? this.older() : this.newer());
  }

  /** Go to the end. */
  async newest() {
    if (this.isAtEnd) return;
    await this.#fetch(async () => {
      const { messages, more } = await this.#load({ limit: PAGE });
      this.messages = messages;
      this.hasOlder = more;
      this.isAtEnd = true;
    });
  }

  /** Grow at the beginning. */
  async older() {
    if (!this.hasOlder || !this.messages.length) return;
    await this.#fetch(async () => {
      const { messages, more } = await this.#load({ before: this.first, limit: PAGE });
      this.messages = [...messages, ...this.messages];
      this.hasOlder = more;
      this.#bound(false);
    });
  }

  /**
   * Grow at the end: with what is known to follow, or, after a reconnect, may have been missed.
   * @param {boolean} [isWanted] somebody looks at the end, so that the beginning may go
   */
  async newer(isWanted = this.isFollowed) {
    if (!this.messages.length) return this.newest();
    await this.#fetch(async () => {
      const { messages, more } = await this.#load({ after: this.last, limit: PAGE * 2 });
      this.messages.push(...messages);
      this.isAtEnd = !more;
      this.#bound(isWanted);
    });
  }

  /**
   * A message that has just come.
   * @param {Message} message
   */
  take(message) {
    if (this.isLoading) {
      this.#early.set(message.seq, message);
    } else if (this.isAtEnd && !this.has(message.seq)) {
      if (!this.messages.length || message.seq === Number(this.last) + 1) {
        this.messages.push(message);
        this.#takeEarly();
        this.#bound(this.isFollowed);
      } else if (message.seq > Number(this.last)) {
        this.#early.set(message.seq, message);
        this.#waitForMissing();
      } else {
        this.hasOlder = true;
      }
      this.changes.tell();
    }
  }

  /** Put in what came too early and fits now. */
  #takeEarly() {
    for (const message of [...this.#early.values()].sort((a, b) => a.seq - b.seq)) {
      const next = Number(this.last ?? 0) + 1;
      if (message.seq === next) this.messages.push(message);
      if (message.seq <= next) this.#early.delete(message.seq);
    }
    if (this.#early.size) this.#waitForMissing();
  }

  /** Read what is missing, unless it comes by itself. */
  #waitForMissing() {
    clearTimeout(this.#patience);
    this.#patience = setTimeout(() => {
      if (this.#early.size && this.isAtEnd) this.newer();
    }, GAP_PATIENCE);
  }

  /** Forget what is too much. @param {boolean} atTheBeginning or at the end */
  #bound(atTheBeginning) {
    const excess = this.messages.length - MOST;
    if (excess <= 0) return;
    if (atTheBeginning) {
      this.messages.splice(0, excess);
      this.hasOlder = true;
    } else {
      this.messages.length = MOST;
      this.isAtEnd = false;
    }
  }

  /** Change what is at hand, one change at a time. @param {() => Promise<void>} change */
  async #fetch(change) {
    if (this.isLoading) return;
    this.isLoading = true;
    this.problem = undefined;
    this.changes.tell();
    try {
      await change();
    } catch (problem) {
      this.problem = problem;
    }
    this.isLoading = false;
    if (this.isAtEnd) this.#takeEarly();
    else this.#early.clear();
    this.changes.tell();
  }
}
