// @ts-check
import { t } from "../i18n/language.js";
import { h } from "./dom.js";
import { icon } from "./icons.js";

const MOST = 16_384; // characters of a text that a server takes unless it is told otherwise
const WARN = 15_000;
const IME_IS_COMPOSING = 229; // what Safari says instead of isComposing
const LONE_SURROGATES = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** Where texts are written. What is not sent yet stays with its conversation. */
export class Composer {
  #send;
  #key = "";
  #input = h("textarea", {
    rows: 1,
    dir: "auto",
    enterKeyHint: "send",
    "aria-describedby": "composer-hint",
    "aria-label": t("write"),
    placeholder: t("write"),
    oninput: () => this.#changed(),
    onkeydown: (/** @type {KeyboardEvent} */ event) => this.#pressed(event),
  });
  #hint = h("span", { id: "composer-hint", class: "hint", role: "status" });
  #button = h("button", { type: "submit", class: "send", "aria-label": t("send") }, icon("send"));

  /** @param {(key: string, text: string) => Promise<void>} send resolves when the text is safe */
  constructor(send) {
    this.#send = send;
    this.element = h(
      "form",
      {
        class: "composer",
        onsubmit: (/** @type {Event} */ event) => {
          event.preventDefault();
          this.#submit();
        },
      },
      this.#input,
      this.#button,
      this.#hint,
    );
  }

  /** @param {string} key of the conversation that is written to */
  open(key) {
    this.#key = key;
    this.#input.value = sessionStorage.getItem(`draft ${key}`) ?? "";
    this.#changed();
  }

  focus() {
    this.#input.focus();
  }

  /** @param {KeyboardEvent} event */
  #pressed(event) {
    const isComposing = event.isComposing || event.keyCode === IME_IS_COMPOSING;
    if (event.key !== "Enter" || event.shiftKey || isComposing) return;
    event.preventDefault();
    this.#submit();
  }

  async #submit() {
    const text = this.#input.value.replace(LONE_SURROGATES, "\ufffd").trim();
    if (!text || [...text].length > MOST) return;
    const key = this.#key;
    this.#input.value = "";
    this.#changed();
    this.focus();
    try {
      await this.#send(key, text);
    } catch {
      // The browser could not keep it, so it was not sent: back to whoever wrote it.
      if (this.#key === key) this.#input.value = text;
      this.#hint.textContent = t("not.kept");
    }
  }

  #changed() {
    const { value } = this.#input;
    const length = value.length > WARN ? [...value.trim()].length : 0;
    this.#hint.textContent = length > WARN ? t("length", { n: length, most: MOST }) : "";
    this.#hint.classList.toggle("too-long", length > MOST);
    this.#button.disabled = !value.trim() || length > MOST;
    if (value) sessionStorage.setItem(`draft ${this.#key}`, value);
    else sessionStorage.removeItem(`draft ${this.#key}`);
    this.#input.style.height = "auto";
    this.#input.style.height = `${this.#input.scrollHeight}px`;
  }
}
