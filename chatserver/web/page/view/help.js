// @ts-check
import { t } from "../i18n/language.js";
import { openDialog } from "./dialog.js";
import { h } from "./dom.js";

/** What keys do; view/shortcuts.js and view/composer.js do it. */
const KEYS = [
  [["Enter"], "help.send"],
  [["Shift", "Enter"], "help.newline"],
  [["Alt", "↑"], "help.previous"],
  [["Alt", "↓"], "help.next"],
  [["Alt", "A"], "help.unread"],
  [["Esc"], "help.back"],
  [["Ctrl", "/"], "help.help"],
];

/** The dialog with the keys, and what the signs mean. */
export function openHelp() {
  openDialog(
    t("help"),
    h(
      "dl",
      { class: "keys" },
      ...KEYS.map(([keys, what]) =>
        h(
          "div",
          {},
          h("dt", {}, .../** @type {string[]} */ (keys).map((key) => h("kbd", {}, key))),
          h("dd", {}, t(String(what))),
        ),
      ),
    ),
    h("p", { class: "quiet" }, t("help.outbox")),
  );
}
