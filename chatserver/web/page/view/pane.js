// @ts-check
import { t } from "../i18n/language.js";
import { openAbout } from "./about.js";
import { Composer } from "./composer.js";
import { h } from "./dom.js";
import { icon } from "./icons.js";
import { Log } from "./log.js";
import { portrait, title, titleOf } from "./titles.js";

/** @typedef {import("../model/chat.js").Chat} Chat */
/** @typedef {import("../model/conversation.js").Conversation} Conversation */

/** The pane of the conversation that is open. */
export class ConversationPane {
  #chat;
  #log;
  #composer;
  #header = h("header", {});
  #nothing = h("p", { class: "nothing" }, t("nothing.open"));
  #open;
  /** @type {Conversation | undefined} */
  #conversation;

  /** @param {Chat} chat @param {(key: string) => void} open shows another conversation */
  constructor(chat, open) {
    this.#chat = chat;
    this.#open = open;
    this.#log = new Log(chat);
    this.#composer = new Composer(async (key, text) => {
      await chat.write(key, text);
      await this.#log.toEnd();
    });
    this.element = h(
      "main",
      { class: "conversation" },
      this.#header,
      this.#log.element,
      this.#composer.element,
      this.#nothing,
    );
    chat.changes.listen((key) => {
      if (!key || key === this.#conversation?.key) this.#showHeader();
    });
  }

  /** @param {Conversation | undefined} conversation */
  show(conversation) {
    this.#conversation = conversation;
    this.element.classList.toggle("is-empty", !conversation);
    this.#showHeader();
    if (conversation) this.#composer.open(conversation.key);
    this.#log.show(conversation);
  }

  /** Be ready for writing; on a phone that would bring up its keyboard. */
  focus() {
    if (matchMedia("(pointer: coarse)").matches) this.#header.querySelector("h2")?.focus();
    else this.#composer.focus();
  }

  #look = "";

  #showHeader() {
    const conversation = this.#conversation;
    if (!conversation) {
      this.#look = "";
      return this.#header.replaceChildren();
    }
    const about = aboutOf(conversation, this.#chat);
    const look = JSON.stringify([conversation.key, titleOf(conversation), about]);
    if (look === this.#look) return;
    this.#look = look;
    this.#header.replaceChildren(
      h("a", { href: "#", class: "round back", "aria-label": t("back") }, icon("back")),
      portrait(conversation),
      h(
        "div",
        { class: "heading" },
        h("h2", { tabIndex: -1 }, title(conversation)),
        h("p", {}, about),
      ),
      h(
        "button",
        {
          type: "button",
          class: "round",
          "aria-label": t("about"),
          onclick: () => openAbout(this.#chat, conversation, this.#open),
        },
        icon("more"),
      ),
    );
  }
}

/** @param {Conversation} conversation @param {Chat} chat */
function aboutOf({ id, isGroup, state }, chat) {
  if (!isGroup) return state ? t(state) : t("user.its.number", { id });
  const group = chat.people.group(id);
  return group ? t("members", { n: group.users.length }) : t("group.its.number", { id });
}
