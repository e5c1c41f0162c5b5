// @ts-check

/** Pauses between attempts: they grow, and chance spreads those of many browsers. */
export class Pauses {
  #first;
  #most;
  #ceiling;

  /** @param {number} first @param {number} most the first and the highest ceiling, in seconds */
  constructor(first, most) {
    this.#first = this.#ceiling = first;
    this.#most = most;
  }

  /**
   * The next pause: from half of a ceiling that doubles each time up to all of it.
   * @param {number} [atLeast] what the server asks for, in seconds
   */
  next(atLeast = 0) {
    const pause = (this.#ceiling * (1 + Math.random())) / 2;
    this.#ceiling = Math.min(this.#ceiling * 2, this.#most);
    return atLeast + pause;
  }

  /** Things went well. */
  reset() {
    this.#ceiling = this.#first;
  }
}
