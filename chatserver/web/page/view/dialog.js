// @ts-check
import { t } from "../i18n/language.js";
import { h } from "./dom.js";
import { icon } from "./icons.js";

let count = 0;

/**
 * A dialog that is open until somebody closes it; Esc does.
 * @param {string | Node} heading
 * @param {...(Node | string | false | undefined)} content
 */
export function openDialog(heading, ...content) {
  const id = `dialog-${++count}`;
  const dialog = h(
    "dialog",
    { "aria-labelledby": id },
    h(
      "header",
      {},
      h("h2", { id }, heading),
      h(
        "button",
        { type: "button", class: "round", "aria-label": t("close"), onclick: () => dialog.close() },
        icon("close"),
      ),
    ),
    ...content,
  );
  dialog.addEventListener("close", () => dialog.remove());
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

/**
 * Ask whether something shall be done.
 * @param {string} heading @param {string} text @param {string} yes what the button says
 * @returns {Promise<boolean>}
 */
export function confirm(heading, text, yes) {
  return new Promise((resolve) => {
    const dialog = openDialog(
      heading,
      h("p", {}, text),
      h(
        "div",
        { class: "buttons" },
        h("button", { type: "button", onclick: () => dialog.close() }, t("cancel")),
        h(
          "button",
          { type: "button", class: "primary", onclick: () => dialog.close("yes") },
          yes,
        ),
      ),
    );
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"));
  });
}

let fields = 0;

/**
 * A label and its input.
 * @param {string} text @param {Record<string, any>} properties of the input
 */
export function field(text, properties) {
  const id = `field-${++fields}`;
  const input = h("input", { id, autocomplete: "off", ...properties });
  const label = text && h("label", { for: id }, text);
  return { input, element: h("div", { class: "field" }, label, input) };
}
