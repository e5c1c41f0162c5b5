// @ts-check
import { sentence } from "../i18n/errors.js";
import { Refused } from "../base/errors.js";
import { t } from "../i18n/language.js";
import { groupKey, userKey } from "../model/keys.js";
import { field, openDialog } from "./dialog.js";
import { h } from "./dom.js";

/** @typedef {import("../model/chat.js").Chat} Chat */

const EXISTS = 112;
const NUMBER = { inputMode: "numeric", pattern: "[1-9][0-9]{0,15}", required: true };

/**
 * The dialog that begins something: a chat, a friendship, a group.
 * @param {Chat} chat
 * @param {(key: string) => void} open called with the conversation that it led to
 */
export function openNewDialog(chat, open) {
  const dialog = openDialog(
    t("new"),
    h("p", { class: "quiet" }, t("new.explained", { id: chat.me.id })),
    numberForm("new.chat", "user.number", (id) => chat.findUser(id)),
    numberForm("new.friend", "user.number", (id) => chat.addFriend(id), userKey),
    numberForm("new.join", "group.number", (id) => chat.joinGroup(id), groupKey),
    groupForm(),
  );

  /**
   * @param {string} what @param {string} label
   * @param {(id: number) => Promise<string>} act
   * @param {(id: number) => string} [key] where to go if that had been done before
   */
  function numberForm(what, label, act, key) {
    const { input, element } = field(t(what), { ...NUMBER, placeholder: t(label), autofocus: what === "new.chat" });
    return form(what, [element], async () => {
      try {
        return await act(Number(input.value));
      } catch (problem) {
        const isDone = problem instanceof Refused && problem.errno === EXISTS && key;
        if (isDone) return key(Number(input.value));
        throw problem;
      }
    });
  }

  function groupForm() {
    const required = { required: true, maxLength: 50, dir: "auto" };
    const name = field(t("new.group"), { ...required, placeholder: t("group.name") });
    const placeholder = t("group.about");
    const about = field("", { maxLength: 200, dir: "auto", placeholder, "aria-label": placeholder });
    return form("new.group", [name.element, about.element], () =>
      chat.createGroup(name.input.value.trim(), about.input.value.trim()),
    );
  }

  /** @param {string} what @param {HTMLElement[]} fields @param {() => Promise<string>} act */
  function form(what, fields, act) {
    const problem = h("p", { class: "problem", role: "alert" });
    const button = h("button", { type: "submit" }, t(`${what}.do`));
    return h(
      "form",
      {
        class: "begin",
        onsubmit: async (/** @type {Event} */ event) => {
          event.preventDefault();
          button.disabled = true;
          problem.textContent = "";
          try {
            open(await act());
            dialog.close();
          } catch (refusal) {
            problem.textContent = sentence(refusal, what);
          }
          button.disabled = false;
        },
      },
      ...fields,
      button,
      problem,
    );
  }
}
