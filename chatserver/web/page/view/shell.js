// @ts-check
import { t } from "../i18n/language.js";
import { isKey } from "../model/keys.js";
import { Announcer } from "./announcer.js";
import { h, nameOf } from "./dom.js";
import { icon } from "./icons.js";
import { ConversationList } from "./list.js";
import { openNewDialog } from "./newdialog.js";
import { Notifications } from "./notifications.js";
import { ConversationPane } from "./pane.js";
import { openSettings } from "./settings.js";
import { listenToKeys } from "./shortcuts.js";
import { StatusLine } from "./status.js";
import { titleOf } from "./titles.js";

/** @typedef {import("../model/chat.js").Chat} Chat */

/**
 * The page of whoever is logged in: the list of conversations, and the one that is open, whose
 * key is the address's fragment.
 */
export class Shell {
  #chat;
  #list;
  #pane;
  #announcer = new Announcer();
  #frame;

  /** @param {HTMLElement} place @param {Chat} chat @param {() => void} logOut */
  constructor(place, chat, logOut) {
    this.#chat = chat;
    this.#list = new ConversationList(chat);
    this.#pane = new ConversationPane(chat, open);
    this.#frame = h(
      "div",
      { class: "frame" },
      new StatusLine(chat.line, this.#announcer).element,
      this.#sidebar(logOut),
      this.#pane.element,
      this.#announcer.element,
    );
    place.replaceChildren(this.#frame);
    window.addEventListener("hashchange", () => this.#show());
    chat.changes.listen(() => this.#showTitle());
    chat.arrivals.listen(({ conversation, message }) => {
      if (conversation.key !== this.#key) return;
      this.#announcer.say(`${message.name}: ${message.msg}`);
    });
    new Notifications(chat, open);
    listenToKeys({
      previous: () => open(this.#list.beside(-1)),
      next: () => open(this.#list.beside(1)),
      unread: () => open(this.#list.nextUnread()),
      back: () => {
        location.hash = "";
        this.#list.focus();
      },
    });
    this.#show();
  }

  /** The key of the conversation that is open. */
  get #key() {
    const key = location.hash.slice(1);
    return isKey(key) ? key : undefined;
  }

  /** @param {() => void} logOut */
  #sidebar(logOut) {
    const { me } = this.#chat;
    return h(
      "nav",
      { class: "sidebar", "aria-label": t("conversations") },
      h(
        "header",
        {},
        h(
          "button",
          { type: "button", class: "me", onclick: () => openSettings(me, logOut) },
          icon("person"),
          h("span", { class: "name" }, nameOf(me.name)),
          h("span", { class: "number" }, `#${me.id}`),
        ),
        h(
          "button",
          {
            type: "button",
            class: "round",
            "aria-label": t("new"),
            onclick: () => openNewDialog(this.#chat, open),
          },
          icon("plus"),
        ),
      ),
      this.#list.element,
    );
  }

  #show() {
    const key = this.#key;
    const conversation = key ? this.#chat.conversation(key) : undefined;
    this.#frame.classList.toggle("shows-conversation", Boolean(key));
    this.#list.select(key);
    this.#pane.show(conversation);
    this.#showTitle();
    if (key) this.#pane.focus();
  }

  #showTitle() {
    const { unread } = this.#chat;
    const key = this.#key;
    const name = key ? `${titleOf(this.#chat.conversation(key))} · ${t("title")}` : t("title");
    document.title = unread ? `(${unread}) ${name}` : name;
  }
}

/** Show another conversation. @param {string | undefined} key */
function open(key) {
  if (key) location.hash = key;
}
