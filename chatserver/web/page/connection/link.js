// @ts-check
import { Lost, Refused } from "../base/errors.js";
import { Pauses } from "./pauses.js";
import { Socket, address } from "./socket.js";

/** @typedef {import("../base/types.js").Frame} Frame */
/** @typedef {import("../base/types.js").State} State */

const LOGIN = 1;
const SETTLED_AFTER = 30_000; // milliseconds: a connection that held so long was a good one

/**
 * Keeps an account logged in: connects, logs in by token, and does so again after each loss,
 * with growing pauses, never sooner than the server asks for. It gives up where the same
 * browser profile has logged in elsewhere, and where the token is refused.
 */
export class Link {
  /** @type {State} */
  state = { kind: "connecting" };
  /** @type {Socket | undefined} */
  #socket;
  #pauses = new Pauses(1, 60);
  #isStopped = false;
  #notBefore = 0;
  #wake = () => {};
  #on;
  #token;

  /**
   * @param {string} token
   * @param {{frame: (frame: Frame) => void, state: (state: State) => void,
   *   welcome: (reply: Frame) => void}} on `welcome` comes before the state "online"
   */
  constructor(token, on) {
    this.#token = token;
    this.#on = on;
    window.addEventListener("online", this.#hurry);
    window.addEventListener("offline", this.#hurry);
    document.addEventListener("visibilitychange", this.#hurry);
    this.#run();
  }

  /** @param {Frame} frame @returns {Promise<Frame>} rejects with Refused, or with Lost */
  request(frame) {
    if (this.state.kind !== "online" || !this.#socket) return Promise.reject(new Lost("offline"));
    return this.#socket.request(frame);
  }

  /** @param {Frame} frame one that is not answered */
  send(frame) {
    if (this.state.kind === "online") this.#socket?.send(frame);
  }

  /** Connect now, also where it has given up. */
  retry() {
    if (this.state.kind === "replaced") this.#run();
    else this.#wake();
  }

  stop() {
    this.#isStopped = true;
    window.removeEventListener("online", this.#hurry);
    window.removeEventListener("offline", this.#hurry);
    document.removeEventListener("visibilitychange", this.#hurry);
    this.#socket?.close();
    this.#wake();
  }

  /** Log in again, to be told what only a login tells. */
  renew() {
    this.#socket?.close("renewed");
  }

  /** Something has changed: see whether the connection lives, or try to have one. */
  #hurry = () => {
    if (document.hidden) return;
    this.#pauses.reset();
    if (this.state.kind === "online") this.#socket?.probe();
    else if (Date.now() >= this.#notBefore) this.#wake();
  };

  async #run() {
    while (!this.#isStopped) {
      this.#tell({ kind: "connecting" });
      const began = Date.now();
      const { reason, retryAfter = 0, final } = await this.#stay();
      if (this.#isStopped) return;
      if (final) return this.#tell(final);
      if (reason === "renewed") continue;
      if (Date.now() - began > SETTLED_AFTER) this.#pauses.reset();
      const pause = this.#pauses.next(retryAfter) * 1000;
      this.#notBefore = Date.now() + retryAfter * 1000;
      this.#tell({ kind: "offline", until: Date.now() + pause, reason });
      await this.#sleep(pause);
    }
  }

  /**
   * Have a connection, to its end.
   * @returns {Promise<{reason: string, retryAfter?: number, final?: State}>}
   */
  async #stay() {
    /** @type {Promise<import("./socket.js").End>} */
    const over = new Promise((end) => {
      this.#socket = new Socket(new WebSocket(address()), { frame: this.#on.frame, end });
    });
    const socket = /** @type {Socket} */ (this.#socket);
    try {
      await socket.opened;
      const welcome = await socket.request({ msgid: LOGIN, token: this.#token, ack: true });
      this.#on.welcome(welcome);
      this.#tell({ kind: "online" });
    } catch (problem) {
      socket.close();
      if (problem instanceof Refused) return this.#afterRefusal(problem);
    }
    const { reason, retryAfter } = await over;
    return { reason, retryAfter, final: reason === "replaced" ? { kind: "replaced" } : undefined };
  }

  /** @param {Refused} problem */
  #afterRefusal({ isTemporary, pause, errno, message }) {
    if (isTemporary) return { reason: "busy", retryAfter: pause };
    /** @type {State} */
    const final = { kind: "refused", errno, errmsg: message };
    return { reason: "refused", final };
  }

  /** @param {number} milliseconds */
  #sleep(milliseconds) {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.#wake = () => {
        clearTimeout(timer);
        resolve(undefined);
      };
    });
  }

  /** @param {State} state */
  #tell(state) {
    this.state = state;
    this.#on.state(state);
  }
}
