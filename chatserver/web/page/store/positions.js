// @ts-check
import { Signal } from "../base/signal.js";
import { isCleared } from "./session.js";
import { Spans } from "./spans.js";

/**
 * What is known of a conversation: `conv` is the number that the server gives it, if it is known;
 * `pushed` is the greatest seq that was sent to this browser, `spans` are those of others' messages
 * that came since they were last looked at.
 * @typedef {{name: string, conv?: number, pushed: number, spans: [number, number][]}} Got
 */

/** How far a conversation was read, while it had that number. @typedef {{conv?: number, seq: number}} Read */

/**
 * How far each conversation has come, and how far it has been read: in localStorage, so that all
 * tabs agree and a later visit goes on from there. The leading tab alone writes what came, and
 * whichever tab shows a conversation how far it was read; so no two writers disturb each other.
 *
 * A seq means something only beside the number of the conversation: a database that is put back to
 * an earlier state gives conversations new numbers, and begins again with lower seqs.
 */
export class Positions {
  /** @type {Signal<string>} The key of a conversation of which another tab has written. */
  changes = new Signal();
  #prefix;

  /** @param {number} account */
  constructor(account) {
    this.#prefix = `chat ${account} `;
    window.addEventListener("storage", this.#changed);
  }

  /** The keys of all conversations that are known. */
  keys() {
    const prefix = `${this.#prefix}got `;
    return Object.keys(localStorage)
      .filter((name) => name.startsWith(prefix))
      .map((name) => name.slice(prefix.length));
  }

  /** @param {string} key @returns {Got} */
  got(key) {
    return JSON.parse(
      localStorage.getItem(`${this.#prefix}got ${key}`) ?? '{"name":"","pushed":0,"spans":[]}',
    );
  }

  /** @param {string} key the greatest seq up to which it was read */
  readUpTo(key) {
    const { conv, seq } = this.#read(key);
    return conv === this.got(key).conv ? seq : 0;
  }

  /** The seqs of others' messages that were not read. @param {string} key */
  unread(key) {
    return new Spans(this.got(key).spans).above(this.readUpTo(key));
  }

  /**
   * Note which number a conversation has. With another one than before it begins anew.
   * @param {string} key @param {number | undefined} conv undefined, if the server has none of it
   */
  meet(key, conv) {
    const got = this.got(key);
    if (got.conv === conv) return;
    if (got.conv !== undefined) {
      this.#write(`got ${key}`, { name: got.name, conv, pushed: 0, spans: [] });
      return;
    }
    const seq = this.readUpTo(key);
    this.#write(`got ${key}`, { ...got, conv });
    if (seq) this.#write(`read ${key}`, { conv, seq });
  }

  /**
   * Note a message that was pushed.
   * @param {string} key @param {string} name of the other, or of the group
   * @param {number} seq @param {boolean} isUnread
   * @returns {boolean} whether it is a new one
   */
  note(key, name, seq, isUnread) {
    const got = this.got(key);
    if (seq <= got.pushed) return false;
    const spans = this.unread(key);
    if (isUnread) spans.add(seq);
    this.#write(`got ${key}`, { ...got, name: name || got.name, pushed: seq, spans: spans.spans });
    return true;
  }

  /** Remember a conversation, and what it is called. @param {string} key @param {string} name */
  remember(key, name) {
    const got = this.got(key);
    if (!localStorage.getItem(`${this.#prefix}got ${key}`) || (name && name !== got.name)) {
      this.#write(`got ${key}`, { ...got, name: name || got.name });
    }
  }

  /**
   * @param {string} key @param {number | undefined} conv its number where it was seen
   * @param {number} seq everything up to it was seen
   * @returns {boolean} whether that is news
   */
  read(key, conv, seq) {
    const isNews = conv === this.got(key).conv && seq > this.readUpTo(key);
    if (isNews) this.#write(`read ${key}`, { conv, seq });
    return isNews;
  }

  /** Forget all of the account. */
  clear() {
    window.removeEventListener("storage", this.#changed);
    for (const name of Object.keys(localStorage)) {
      if (name.startsWith(this.#prefix)) localStorage.removeItem(name);
    }
  }

  /** @param {string} key @returns {Read} */
  #read(key) {
    const read = JSON.parse(localStorage.getItem(`${this.#prefix}read ${key}`) ?? "0");
    // Earlier pages kept the seq alone.
    return typeof read === "number" ? { seq: read } : read;
  }

  /** @param {string} name @param {any} value */
  #write(name, value) {
    if (!isCleared()) localStorage.setItem(this.#prefix + name, JSON.stringify(value));
  }

  /** @param {StorageEvent} event */
  #changed = ({ key }) => {
    if (key?.startsWith(this.#prefix)) {
      this.changes.tell(key.slice(this.#prefix.length).replace(/^\w+ /, ""));
    }
  };
}
