// @ts-check
import { Lost, Refused } from "../base/errors.js";

/** @typedef {import("../base/types.js").Frame} Frame */
/** @typedef {{reason: string, retryAfter?: number, isOurFault: boolean}} End */

const LOGIN_ACK = 2;
const REG_ACK = 4;
const REPLY = 11;
const PING = 13;
const PONG = 14;
const GOODBYE = 17;
const TOO_BIG = 1009; // the close code of a WebSocket

const TIMES = {
  connect: 10_000, // for the handshake
  reply: 15_000, // after which a silent server counts as dead
  silence: 25_000, // after which it has to show that it lives
  probe: 5_000, // for the answer when there is a suspicion
};

/**
 * One connection to the server: requests and their replies, frames that nobody asked for, and
 * its end, whoever notices it first.
 */
export class Socket {
  #last = 0;
  #heard = Date.now();
  #isOver = false;
  /** @type {End} */
  #end = { reason: "lost", isOurFault: false };
  /** @type {Map<number, {resolve: (reply: Frame) => void, reject: (why: Error) => void}>} */
  #waiting = new Map();
  /** @type {Set<ReturnType<typeof setTimeout>>} */
  #timers = new Set();

  /**
   * @param {WebSocket} webSocket
   * @param {{frame: (frame: Frame) => void, end: (end: End) => void}} on
   * @param {Partial<typeof TIMES>} [times] in milliseconds
   */
  constructor(webSocket, on, times) {
    this.#webSocket = webSocket;
    this.#on = on;
    this.#times = { ...TIMES, ...times };
    this.#opened = new Promise((resolve, reject) => {
      this.#afterOpening = { resolve, reject };
    });
    this.#opened.catch(() => {});
    this.#cutAfter(this.#times.connect, () => webSocket.readyState === WebSocket.CONNECTING);
    webSocket.addEventListener("open", () => this.#open());
    webSocket.addEventListener("message", (event) => this.#receive(event.data));
    webSocket.addEventListener("close", (event) => {
      if (event.code === TOO_BIG) this.#end.isOurFault = true;
      this.#finish();
    });
  }

  #webSocket;
  #on;
  #times;
  /** @type {Promise<void>} */
  #opened;
  /** @type {{resolve: () => void, reject: (why: Error) => void} | undefined} */
  #afterOpening;

  /** Settles when the connection stands, or could not be made. */
  get opened() {
    return this.#opened;
  }

  /**
   * @param {Frame} frame without `req`
   * @param {number} [patience] milliseconds after which the connection counts as dead
   * @returns {Promise<Frame>} rejects with Refused, or with Lost
   */
  request(frame, patience = this.#times.reply) {
    if (this.#isOver) return Promise.reject(new Lost(this.#end.reason));
    const req = ++this.#last;
    const answer = new Promise((resolve, reject) => this.#waiting.set(req, { resolve, reject }));
    this.send({ ...frame, req });
    this.#cutAfter(patience, () => this.#waiting.has(req));
    return answer;
  }

  /** Send what is not answered. @param {Frame} frame */
  send(frame) {
    if (this.#webSocket.readyState === WebSocket.OPEN) {
      this.#webSocket.send(JSON.stringify(frame));
    }
  }

  /** Find out soon whether the server is still there. */
  probe() {
    this.#ping(this.#times.probe);
  }

  /** @param {string} [reason] why it ends */
  close(reason) {
    if (reason) this.#end.reason = reason;
    this.#webSocket.close();
    this.#finish();
  }

  #open() {
    this.#afterOpening?.resolve();
    this.#heard = Date.now();
    const beat = setInterval(() => {
      if (this.#isOver) clearInterval(beat);
      else if (Date.now() - this.#heard > this.#times.silence) this.#ping(this.#times.reply);
    }, this.#times.silence / 5);
  }

  /** @param {number} patience */
  #ping(patience) {
    const asked = Date.now();
    this.send({ msgid: PING });
    this.#cutAfter(patience, () => this.#heard < asked);
  }

  /** @param {number} patience @param {() => boolean} isDead */
  #cutAfter(patience, isDead) {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      if (isDead()) this.close();
    }, patience);
    this.#timers.add(timer);
  }

  /** @param {unknown} data */
  #receive(data) {
    if (this.#isOver) return;
    this.#heard = Date.now();
    /** @type {Frame} */
    const frame = JSON.parse(String(data));
    switch (frame.msgid) {
      case LOGIN_ACK:
      case REG_ACK:
      case REPLY:
        this.#answered(frame);
        break;
      case PING:
        this.send({ ...frame, msgid: PONG });
        break;
      case PONG:
        break;
      case GOODBYE:
        this.#end.reason = frame.reason;
        this.#end.retryAfter = frame.retry_after;
        this.#end.isOurFault = frame.reason === "protocol";
        break;
      default:
        this.#on.frame(frame);
    }
  }

  /** @param {Frame} reply */
  #answered(reply) {
    const waiting = this.#waiting.get(reply.req);
    this.#waiting.delete(reply.req);
    if (!waiting) {
      // A refusal that can't say of what: the frame could not be read, or there is no room.
      this.#end.isOurFault ||= reply.errno === 100;
      this.#end.retryAfter ??= reply.retry_after;
      this.close();
    } else if (reply.errno === 0) {
      waiting.resolve(reply);
    } else {
      waiting.reject(new Refused(reply));
    }
  }

  #finish() {
    if (this.#isOver) return;
    this.#isOver = true;
    for (const timer of this.#timers) clearTimeout(timer);
    const lost = new Lost(this.#end.reason, this.#end.isOurFault);
    this.#afterOpening?.reject(lost);
    for (const { reject } of this.#waiting.values()) reject(lost);
    this.#on.end(this.#end);
  }
}

/** Where the chat is: beside the page. */
export function address() {
  const url = new URL("ws", document.baseURI);
  url.protocol = url.protocol.replace("http", "ws");
  url.hash = "";
  return url.href;
}
