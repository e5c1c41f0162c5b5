// @ts-check
import { logIn, register } from "../connection/entry.js";
import { sentence } from "../i18n/errors.js";
import { t } from "../i18n/language.js";
import { lastLogin, saveSession } from "../store/session.js";
import { field } from "./dialog.js";
import { h } from "./dom.js";
import { languageField } from "./settings.js";

/** @typedef {import("../base/types.js").Session} Session */

/**
 * Show where one logs in or registers.
 * @param {HTMLElement} place
 * @param {string} [why] somebody has to log in again
 * @returns {Promise<Session>} that of whoever has logged in
 */
export function showLogin(place, why = "") {
  return new Promise((resolve) => {
    const { name, device } = lastLogin();
    const who = field(t("login.who"), {
      name: "username",
      autocomplete: "username",
      autocapitalize: "none",
      required: true,
      maxLength: 50,
      value: name,
      dir: "auto",
    });
    const password = field(t("password"), {
      name: "password",
      type: "password",
      autocomplete: "current-password",
      required: true,
      maxLength: 128,
    });
    const problem = h("p", { class: "problem", role: "alert" }, why);
    const button = h("button", { type: "submit", class: "primary" });
    const other = h("button", { type: "button", class: "quiet", onclick: () => turn() });
    const heading = h("h2", {});
    let isNew = false;
    show();

    function turn() {
      isNew = !isNew;
      problem.textContent = "";
      show();
      who.input.focus();
    }

    function show() {
      heading.textContent = button.textContent = t(isNew ? "register" : "log.in");
      other.textContent = t(isNew ? "login.instead" : "register.instead");
      const label = who.element.querySelector("label");
      if (label) label.textContent = t(isNew ? "name" : "login.who");
      password.input.autocomplete = isNew ? "new-password" : "current-password";
    }

    /** @param {Event} event */
    async function submit(event) {
      event.preventDefault();
      const called = who.input.value.trim();
      button.disabled = true;
      problem.textContent = "";
      let what = "register";
      try {
        const id = isNew ? await register(called, password.input.value) : undefined;
        what = "login";
        const session = await logIn(id ? String(id) : called, password.input.value, device);
        saveSession(session);
        resolve(session);
      } catch (refusal) {
        problem.textContent = sentence(refusal, what);
        password.input.focus();
      }
      button.disabled = false;
    }

    place.replaceChildren(
      h(
        "main",
        { class: "entry" },
        h(
          "div",
          { class: "brand" },
          h("img", { src: "icon.svg", alt: "", width: 56, height: 56 }),
          h("h1", {}, t("title")),
          h("p", {}, t("slogan")),
        ),
        h(
          "form",
          { class: "card", onsubmit: submit },
          heading,
          who.element,
          password.element,
          problem,
          button,
          other,
        ),
        languageField(),
      ),
    );
    (name ? password : who).input.focus();
  });
}
