// @ts-check
import { h } from "./dom.js";

const SHORTLY = 150; // milliseconds

/** Tells those who listen what others see happen. */
export class Announcer {
  #said = "";
  #region = h("div", { class: "unseen", role: "status", "aria-live": "polite" });
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  constructor() {
    this.element = this.#region;
  }

  /** @param {string} text */
  say(text) {
    this.#said = this.#said ? `${this.#said}\n${text}` : text;
    // Emptied first, as the same text once more would be no change.
    this.#region.textContent = "";
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#region.textContent = this.#said;
      this.#said = "";
    }, SHORTLY);
  }
}
