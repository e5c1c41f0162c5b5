// @ts-check
import { hasText, t } from "../i18n/language.js";
import { h } from "./dom.js";

/** @typedef {import("../base/types.js").State} State */

/** The line that says how it stands with the connection, while it does not stand well. */
export class StatusLine {
  #line;
  #announcer;
  #text = h("span", { class: "words" });
  #button = h("button", { type: "button", onclick: () => this.#line.retry() });
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #countdown;
  #wasOnline = false;

  /**
   * @param {import("../connection/line.js").Line} line
   * @param {import("./announcer.js").Announcer} announcer
   */
  constructor(line, announcer) {
    this.#line = line;
    this.#announcer = announcer;
    this.element = h(
      "section",
      { class: "status", "aria-label": t("connection") },
      this.#text,
      this.#button,
    );
    line.states.listen((state) => this.#show(state));
    this.#show(line.state);
  }

  /** @param {State} state */
  #show(state) {
    clearInterval(this.#countdown);
    this.element.className = `status ${state.kind}`;
    this.element.hidden = state.kind === "online";
    this.#button.hidden = state.kind === "connecting";
    this.#button.textContent = t(state.kind === "replaced" ? "use.here" : "try.now");
    this.#tell(state);
    if (state.kind === "online") {
      if (this.#wasOnline) this.#announcer.say(t("online.again"));
      this.#wasOnline = true;
    } else if (state.kind === "offline") {
      this.#announcer.say(reason(state.reason));
      this.#countdown = setInterval(() => this.#tell(state), 1000);
    } else if (state.kind === "replaced") {
      this.#announcer.say(t("replaced"));
    }
  }

  /** @param {State} state */
  #tell(state) {
    if (state.kind === "offline") {
      const n = Math.max(0, Math.ceil((state.until - Date.now()) / 1000));
      this.#text.textContent = `${reason(state.reason)} ${t("again.in", { n })}`;
    } else {
      this.#text.textContent = state.kind === "replaced" ? t("replaced") : t("connecting");
    }
  }
}

/** @param {string} reason */
const reason = (reason) => t(hasText(`offline.${reason}`) ? `offline.${reason}` : "offline.lost");
