// @ts-check
import { LANGUAGES, language, t } from "../i18n/language.js";
import { chooseLanguage } from "../store/preferences.js";
import { openDialog } from "./dialog.js";
import { h, nameOf } from "./dom.js";
import { openHelp } from "./help.js";
import { notificationSwitch } from "./notifications.js";

/**
 * The dialog about oneself: number, language, notifications, logging out.
 * @param {{id: number, name: string}} me
 * @param {() => void} logOut
 */
export function openSettings(me, logOut) {
  const copied = h("span", { role: "status" });
  const dialog = openDialog(
    nameOf(me.name),
    h(
      "p",
      { class: "own-number" },
      h("span", {}, t("own.number")),
      h("strong", {}, me.id),
      navigator.clipboard &&
        h(
          "button",
          {
            type: "button",
            onclick: async () => {
              await navigator.clipboard.writeText(String(me.id));
              copied.textContent = t("copied");
            },
          },
          t("copy"),
        ),
      copied,
    ),
    h("p", { class: "quiet" }, t("own.number.explained")),
    languageField(),
    notificationSwitch(),
    h(
      "div",
      { class: "buttons" },
      h("button", { type: "button", onclick: openHelp }, t("help")),
      h(
        "button",
        {
          type: "button",
          class: "danger",
          onclick: () => {
            dialog.close();
            logOut();
          },
        },
        t("log.out"),
      ),
    ),
  );
}

/** Where the language is chosen; the page begins anew in it. */
export function languageField() {
  const select = h(
    "select",
    {
      id: "language",
      onchange: () => {
        chooseLanguage(select.value);
        location.reload();
      },
    },
    ...Object.entries(LANGUAGES).map(([tag, name]) =>
      h("option", { value: tag, selected: tag === language, lang: tag }, name),
    ),
  );
  return h(
    "div",
    { class: "field row" },
    h("label", { for: "language" }, language === "en" ? t("language") : `${t("language")} (Language)`),
    select,
  );
}
