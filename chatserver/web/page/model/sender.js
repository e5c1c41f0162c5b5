// @ts-check
import { Lost, Refused } from "../base/errors.js";
import { Pauses } from "../connection/pauses.js";
import { addressee, isGroup } from "./keys.js";

/** @typedef {import("../base/types.js").Unsent} Unsent */

const ONE_CHAT = 5;
const GROUP_CHAT = 9;
const MALFORMED = 100;
const NOT_LOGGED_IN = 103;
const TOO_LONG = "the text is too long";
const MOST_BYTES = 65_000;

/**
 * Sends what is in the outbox, in the tab that has the connection. Of the texts of a
 * conversation only one is on its way at a time, so that none overtakes another, whatever is
 * refused or lost. A refusal that says to come again later holds up all.
 */
export class Sender {
  /** @type {Set<string>} Conversations of which a text is on its way. */
  #busy = new Set();
  #pauses = new Pauses(0.1, 30);
  #heldUpUntil = 0;
  #line;
  #outbox;
  #me;

  /**
   * @param {import("../connection/line.js").Line} line
   * @param {import("../store/outbox.js").Outbox} outbox
   * @param {{id: number, name: string}} me
   */
  constructor(line, outbox, me) {
    this.#line = line;
    this.#outbox = outbox;
    this.#me = me;
    line.states.listen(() => this.#go());
    outbox.changes.listen(() => this.#go());
  }

  #go() {
    if (!this.#line.isLeading || this.#line.state.kind !== "online") return;
    if (Date.now() < this.#heldUpUntil) return;
    for (const unsent of this.#outbox.texts) {
      if (!unsent.failed && !this.#busy.has(unsent.key)) this.#send(unsent);
    }
  }

  /** @param {Unsent} unsent */
  async #send(unsent) {
    const { cid, key, text: msg } = unsent;
    this.#busy.add(key);
    let goOn = true;
    try {
      const msgid = isGroup(key) ? GROUP_CHAT : ONE_CHAT;
      const request = { msgid, ...addressee(key), msg, cid };
      if (new Blob([JSON.stringify(request)]).size > MOST_BYTES) throw tooLong();
      const { conv, seq, time } = await this.#line.request(request);
      this.#pauses.reset();
      this.#line.share({ ...request, ...this.#me, conv, seq, time, isSentHere: true });
      await this.#outbox.remove(cid);
    } catch (problem) {
      goOn = await this.#failed(cid, problem);
    }
    this.#busy.delete(key);
    this.#line.announce({ outbox: true });
    if (goOn) this.#go();
  }

  /**
   * @param {string} cid @param {unknown} problem
   * @returns {Promise<boolean>} whether others may be sent now
   */
  async #failed(cid, problem) {
    if (problem instanceof Lost && problem.isOurFault) problem = tooLong();
    if (!(problem instanceof Refused) || problem.errno === NOT_LOGGED_IN) return false;
    if (problem.isTemporary) {
      const pause = this.#pauses.next(problem.pause) * 1000;
      this.#heldUpUntil = Date.now() + pause;
      setTimeout(() => this.#go(), pause + 1);
      return false;
    }
    await this.#outbox.fail(cid, { errno: problem.errno, errmsg: problem.message });
    return true;
  }
}

function tooLong() {
  return new Refused({ msgid: 11, errno: MALFORMED, errmsg: TOO_LONG });
}
