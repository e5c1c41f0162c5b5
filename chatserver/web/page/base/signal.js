// @ts-check

/**
 * Something that happens again and again, and those who want to know.
 * @template T
 */
export class Signal {
  /** @type {Set<(value: T) => void>} */
  #listeners = new Set();

  /** @param {(value: T) => void} listener */
  listen(listener) {
    this.#listeners.add(listener);
  }

  /** @param {(value: T) => void} listener one that does not want to know any more */
  ignore(listener) {
    this.#listeners.delete(listener);
  }

  /** @param {T} value */
  tell(value) {
    for (const listener of this.#listeners) listener(value);
  }
}
