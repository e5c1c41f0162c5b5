// @ts-check
import { t } from "../i18n/language.js";
import { wantNotifications, wantsNotifications } from "../store/preferences.js";
import { h } from "./dom.js";
import { titleOf } from "./titles.js";

/** @typedef {import("../model/chat.js").Chat} Chat */

const MOST = 160; // characters

/** Where notifications are switched on; only then the browser asks for leave. */
export function notificationSwitch() {
  const note = h("p", { class: "quiet", role: "status" });
  const isPossible = "Notification" in window && window.isSecureContext;
  const box = h("input", {
    type: "checkbox",
    role: "switch",
    id: "notifications",
    checked: isPossible && wantsNotifications() && Notification.permission === "granted",
    disabled: !isPossible,
    onchange: async () => {
      if (box.checked && (await Notification.requestPermission()) !== "granted") {
        box.checked = false;
        note.textContent = t("notifications.refused");
      }
      wantNotifications(box.checked);
    },
  });
  if (!isPossible) note.textContent = t("notifications.impossible");
  return h(
    "div",
    {},
    h(
      "div",
      { class: "field row" },
      h("label", { for: "notifications" }, t("notifications")),
      box,
    ),
    note,
  );
}

/** Tells of new messages while no tab of the chat is looked at. */
export class Notifications {
  #chat;
  #open;
  /** @type {Set<string>} Other tabs that are looked at. */
  #watched = new Set();
  #tab = String(Math.random());

  /** @param {Chat} chat @param {(key: string) => void} open */
  constructor(chat, open) {
    this.#chat = chat;
    this.#open = open;
    chat.arrivals.listen((arrival) => this.#arrived(arrival));
    chat.line.news.listen(({ tab, isVisible }) => {
      if (isVisible) this.#watched.add(tab);
      else if (tab) this.#watched.delete(tab);
    });
    document.addEventListener("visibilitychange", () => this.#announce(!document.hidden));
    window.addEventListener("pagehide", () => this.#announce(false));
    this.#announce(!document.hidden);
  }

  /** @param {boolean} isVisible */
  #announce(isVisible) {
    this.#chat.line.announce({ tab: this.#tab, isVisible });
  }

  /** @param {{conversation: import("../model/conversation.js").Conversation,
   *   message: import("../base/types.js").Message}} arrival */
  #arrived({ conversation, message }) {
    const isSeen = !document.hidden || this.#watched.size > 0;
    if (isSeen || !this.#chat.line.isLeading || !wantsNotifications()) return;
    const { name, msg } = message;
    const title = conversation.isGroup ? `${name} · ${titleOf(conversation)}` : name;
    try {
      const body = [...msg].slice(0, MOST).join("");
      const notification = new Notification(title, { body, tag: conversation.key, icon: "icon.svg" });
      notification.onclick = () => {
        window.focus();
        this.#open(conversation.key);
        notification.close();
      };
    } catch {
      // Browsers of some phones show none for pages.
    }
  }
}
