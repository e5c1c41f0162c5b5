// @ts-check
import { idOf, isGroup } from "./keys.js";
import { Timeline } from "./timeline.js";

/** @typedef {import("../base/types.js").Message} Message */
/** @typedef {import("./chat.js").Chat} Chat */

/** One conversation: with a user, with oneself, or of a group. */
export class Conversation {
  /** @type {Message | undefined} Its newest message that is known. */
  latest;
  /** @type {number | undefined} The number that the server gives it, if it is known. */
  conv;
  #chat;

  /** @param {string} key @param {Chat} chat */
  constructor(key, chat) {
    this.key = key;
    this.isGroup = isGroup(key);
    this.id = idOf(key);
    this.#chat = chat;
    this.timeline = this.#emptyTimeline();
  }

  /** What it is called; "" if that is not known. */
  get knownName() {
    const { people } = this.#chat;
    const name = this.isGroup ? people.group(this.id)?.groupname : people.name(this.id);
    return name || this.#chat.positions.got(this.key).name;
  }

  get isWithMyself() {
    return !this.isGroup && this.id === this.#chat.me.id;
  }

  /** "online", "offline", or undefined, if that is not told. */
  get state() {
    return this.isGroup ? undefined : this.#chat.people.state(this.id);
  }

  /** How many messages of others wait to be read. */
  get unread() {
    return this.#chat.positions.unread(this.key).count;
  }

  /** The seq of the first of them, if there is one. */
  get firstUnread() {
    return this.#chat.positions.unread(this.key).first;
  }

  /** The texts that are not sent yet, without those of which the answer alone is missing. */
  get unsent() {
    const sent = new Set(this.timeline.messages.map(({ cid }) => cid));
    return this.#chat.outbox.of(this.key).filter(({ cid }) => !sent.has(cid));
  }

  /** When something happened here last, in milliseconds since 1970; 0 if that is not known. */
  get time() {
    const written = this.#chat.outbox.of(this.key).at(-1)?.written ?? 0;
    return Math.max(written, this.latest ? Date.parse(this.latest.time) : 0);
  }

  /**
   * With another number than before it begins anew: nothing of what was known of it counts.
   * @param {number | undefined} conv undefined, if the server has none of it
   * @returns {boolean} whether it does
   */
  meet(conv) {
    const isAnew = this.conv !== undefined && this.conv !== conv;
    this.conv = conv;
    if (isAnew) {
      this.latest = undefined;
      this.timeline = this.#emptyTimeline();
    }
    return isAnew;
  }

  /** @param {Message} message one that has just come */
  take(message) {
    this.#see(message);
    this.timeline.take(message);
  }

  /** Read what may have been missed. */
  catchUp() {
    const { timeline } = this;
    if (timeline.isAtEnd) timeline.newer();
    else if (timeline.problem && timeline.messages.length) timeline.retry();
    else if (timeline.problem) timeline.open(this.firstUnread);
  }

  /** Ask for the newest message. */
  async lookUp() {
    try {
      this.#see((await this.#chat.history(this.key, { limit: 1 })).messages.at(-1));
    } catch {
      // The list shows nothing of it then.
    }
  }

  #emptyTimeline() {
    return new Timeline(async (range) => {
      const page = await this.#chat.history(this.key, range);
      this.#see(page.messages.at(-1));
      return page;
    });
  }

  /** @param {Message | undefined} message */
  #see(message) {
    if (message && message.seq > (this.latest?.seq ?? 0)) this.latest = message;
  }
}
