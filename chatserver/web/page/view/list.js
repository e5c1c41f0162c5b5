// @ts-check
import { brief } from "../i18n/times.js";
import { t } from "../i18n/language.js";
import { Keyed, drawn, h, nameOf, unseen } from "./dom.js";
import { icon } from "./icons.js";
import { portrait, title, titleOf } from "./titles.js";

/** @typedef {import("../model/chat.js").Chat} Chat */
/** @typedef {import("../model/conversation.js").Conversation} Conversation */

const MOST_SHOWN = 99;

/** The list of conversations. */
export class ConversationList {
  #chat;
  #list = h("ul", { class: "conversations" });
  #empty = h("p", { class: "empty" }, t("list.empty"));
  /** @type {Keyed<{key: string}>} */
  #rows = new Keyed(this.#list, ({ key }) => this.#row(this.#chat.conversation(key)));
  /** @type {string[]} */
  #order = [];
  /** @type {string | undefined} */
  #current;

  /** @param {Chat} chat */
  constructor(chat) {
    this.#chat = chat;
    this.element = h("div", { class: "list" }, this.#list, this.#empty);
    chat.changes.listen(() => this.#wishToDraw());
    // What somebody points at stays where it is.
    this.#list.addEventListener("pointerleave", () => this.#wishToDraw());
    this.#list.addEventListener("focusout", () => this.#wishToDraw());
    this.#render();
  }

  /** @param {string | undefined} key the conversation that is open */
  select(key) {
    this.#current = key;
    this.#render();
    this.#rows.element(key ?? "")?.scrollIntoView({ block: "nearest" });
  }

  /** The key of the conversation so many places further down. @param {number} steps */
  beside(steps) {
    const place = this.#order.indexOf(this.#current ?? "");
    if (place < 0) return this.#order.at(steps > 0 ? 0 : -1);
    return this.#order[place + steps];
  }

  /** The key of the next conversation with unread messages. */
  nextUnread() {
    const from = this.#order.indexOf(this.#current ?? "") + 1;
    const inTurn = [...this.#order.slice(from), ...this.#order.slice(0, from)];
    return inTurn.find((key) => this.#chat.conversation(key).unread > 0);
  }

  focus() {
    /** @type {HTMLElement | null} */
    const row = this.#list.querySelector('[aria-current="page"], a');
    row?.focus();
  }

  #wishToDraw = drawn(() => this.#render());

  #render() {
    const isInUse = this.#list.matches(":hover") || this.#list.contains(document.activeElement);
    const sorted = [...this.#chat.conversations.values()].sort(
      (a, b) => b.time - a.time || titleOf(a).localeCompare(titleOf(b)),
    );
    const keys = sorted.map(({ key }) => key);
    const kept = isInUse ? this.#order : [];
    this.#order = [...kept, ...keys.filter((key) => !kept.includes(key))];
    this.#rows.show(this.#order.map((key) => this.#look(this.#chat.conversation(key))));
    this.#empty.hidden = this.#order.length > 0;
  }

  /** All that a row shows. @param {Conversation} conversation */
  #look(conversation) {
    const { key, unread, state, latest, unsent } = conversation;
    const isCurrent = key === this.#current;
    const seq = latest?.seq;
    const last = unsent.at(-1);
    const waiting = [last?.cid, unsent.some(({ failed }) => failed)];
    return { key, unread, state, seq, waiting, isCurrent, title: titleOf(conversation) };
  }

  /** @param {Conversation} conversation */
  #row(conversation) {
    const { key, unread, time, state } = conversation;
    return h(
      "li",
      { class: unread ? "has-unread" : undefined },
      h(
        "a",
        { href: `#${key}`, "aria-current": key === this.#current ? "page" : undefined },
        portrait(conversation),
        h(
          "span",
          { class: "line" },
          h("span", { class: "title" }, title(conversation)),
          state && unseen(`, ${t(state)}`),
          time > 0 && h("time", { dateTime: new Date(time).toISOString() }, brief(new Date(time))),
        ),
        h(
          "span",
          { class: "line" },
          this.#preview(conversation),
          unread > 0 &&
            h(
              "span",
              { class: "count" },
              h("span", { "aria-hidden": "true" }, unread > MOST_SHOWN ? `${MOST_SHOWN}+` : unread),
              unseen(t("unread", { n: unread })),
            ),
        ),
      ),
    );
  }

  /** @param {Conversation} conversation */
  #preview({ unsent, latest, isGroup }) {
    const last = unsent.at(-1);
    if (last) {
      const isFailed = unsent.some(({ failed }) => failed);
      return h(
        "span",
        { class: "preview" },
        icon(isFailed ? "alert" : "clock"),
        unseen(`${t(isFailed ? "failed" : "waiting")}: `),
        h("bdi", {}, beginning(last.text)),
      );
    }
    if (!latest) return h("span", { class: "preview" });
    const isMine = latest.id === this.#chat.me.id;
    return h(
      "span",
      { class: "preview" },
      (isMine || isGroup) && h("span", {}, isMine ? t("you") : nameOf(latest.name), ": "),
      h("bdi", {}, beginning(latest.msg)),
    );
  }
}

/** @param {string} text */
const beginning = (text) => [...text.slice(0, 200)].slice(0, 80).join("").replace(/\s+/g, " ");
