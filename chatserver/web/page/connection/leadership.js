// @ts-check

const HEARTBEAT = 1_000; // milliseconds

/**
 * Which of the browser's tabs has the connection: one at a time, and another one when that goes.
 *
 * By a Web Lock, which the browser takes back from a tab that ends in whatever way. Pages
 * without TLS have none; there the tab that asked last leads, and the others hear of it.
 */
export class Leadership {
  #name;
  #on;
  #resign = () => {};
  #isOver = false;
  /** The request by which this tab leads, while it does. @type {object | undefined} */
  #turn;

  /**
   * @param {string} name the same in all tabs
   * @param {{lead: () => void, follow: () => void}} on `follow` only after `lead`
   */
  constructor(name, on) {
    this.#name = name;
    this.#on = on;
    if (navigator.locks) this.#queue({});
    else this.#claims = new Claims(name, on);
  }

  /** @type {Claims | undefined} */
  #claims;

  /** Take it from a tab that does not answer. */
  take() {
    if (this.#claims) this.#claims.take();
    else this.#queue({ steal: true });
  }

  /** Neither lead nor wait for it any more. */
  stop() {
    this.#isOver = true;
    this.#resign();
    this.#claims?.stop();
  }

  /** @param {LockOptions} options */
  async #queue(options) {
    const turn = {};
    try {
      await navigator.locks.request(this.#name, options, () => {
        if (this.#isOver) return undefined;
        // A tab may also take it from itself, by two requests.
        const isLeading = this.#turn !== undefined;
        this.#turn = turn;
        if (!isLeading) this.#on.lead();
        return new Promise((resolve) => {
          this.#resign = () => resolve(undefined);
        });
      });
    } catch {
      // Taken by another request: stand in line again.
      if (this.#turn === turn) {
        this.#turn = undefined;
        this.#on.follow();
      }
      if (!this.#isOver) this.#queue({});
    }
  }
}

/** Leadership by announcing it. */
class Claims {
  #channel;
  #on;
  #isLeading = false;
  #heard = Date.now();
  #timer;

  /** @param {string} name @param {{lead: () => void, follow: () => void}} on */
  constructor(name, on) {
    this.#on = on;
    this.#channel = new BroadcastChannel(`${name} claims`);
    this.#channel.onmessage = ({ data }) => this.#listen(data);
    // The first look waits longer than a leader's beat, so a second tab does not disturb it.
    this.#timer = setInterval(() => this.#beat(), HEARTBEAT);
    window.addEventListener("pagehide", () => this.stop());
  }

  take() {
    this.#channel.postMessage("mine");
    if (!this.#isLeading) {
      this.#isLeading = true;
      this.#on.lead();
    }
  }

  stop() {
    clearInterval(this.#timer);
    if (this.#isLeading) this.#channel.postMessage("free");
    this.#channel.close();
  }

  /** @param {string} word */
  #listen(word) {
    this.#heard = word === "free" ? 0 : Date.now();
    if (word === "mine" && this.#isLeading) {
      this.#isLeading = false;
      this.#on.follow();
    }
  }

  #beat() {
    if (this.#isLeading) this.#channel.postMessage("here");
    else if (Date.now() - this.#heard > 2.5 * HEARTBEAT * (1 + Math.random())) this.take();
  }
}
