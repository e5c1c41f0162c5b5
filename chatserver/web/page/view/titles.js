// @ts-check
import { t } from "../i18n/language.js";
import { h, nameOf } from "./dom.js";
import { icon } from "./icons.js";

/**
 * What a conversation looks like.
 * @typedef {Pick<import("../model/conversation.js").Conversation,
 *   "id" | "isGroup" | "isWithMyself" | "knownName" | "state">} Look
 */

const COLOURS = 8;

/** What a conversation is called, in words. @param {Look} look */
export function titleOf({ isWithMyself, knownName, isGroup, id }) {
  if (isWithMyself) return t("myself");
  return knownName || t(isGroup ? "group.unnamed" : "user.unnamed", { id });
}

/** The same as an element. @param {Look} look */
export function title(look) {
  return nameOf(titleOf(look));
}

/** A round picture: the first letter on a colour that is always the same. @param {Look} look */
export function portrait(look) {
  const { id, isGroup, state } = look;
  const initial = [...titleOf(look)][0] ?? "";
  return h(
    "span",
    { class: `portrait colour-${id % COLOURS}${isGroup ? " of-group" : ""}`, "aria-hidden": "true" },
    isGroup ? icon("group") : initial,
    state && h("span", { class: `dot ${state}` }),
  );
}
