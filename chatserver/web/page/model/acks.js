// @ts-check

const ACK = 12;
const DELAY = 500; // milliseconds that the first message may wait for others

/** Acknowledges what has been noted: many messages at once, one ACK for a conversation. */
export class Acks {
  /** @type {Map<number, number>} */
  #unsent = new Map();
  #send;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @param {(frame: {msgid: number, conv: number, seq: number}) => void} send */
  constructor(send) {
    this.#send = send;
  }

  /** @param {number} conv @param {number} seq */
  noted(conv, seq) {
    this.#unsent.set(conv, Math.max(seq, this.#unsent.get(conv) ?? 0));
    this.#timer ??= setTimeout(() => this.#flush(), DELAY);
  }

  /** The login that it belongs to has ended: it all comes again. */
  forget() {
    this.#unsent.clear();
  }

  #flush() {
    this.#timer = undefined;
    for (const [conv, seq] of this.#unsent) this.#send({ msgid: ACK, conv, seq });
    this.#unsent.clear();
  }
}
