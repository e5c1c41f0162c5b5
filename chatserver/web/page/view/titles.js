// @ts-check
import { t } from "../i18n/language.js";
import { h, nameOf } from "./dom.js";
import { icon } from "./icons.js";

/** @typedef {import("../model/conversation.js").Conversation} Conversation */

const COLOURS = 8;

/** What a conversation is called, in words. @param {Conversation} conversation */
export function titleOf({ isWithMyself, knownName, isGroup, id }) {
  if (isWithMyself) return t("myself");
  return knownName || t(isGroup ? "group.unnamed" : "user.unnamed", { id });
}

/** The same as an element. @param {Conversation} conversation */
export function title(conversation) {
  return nameOf(titleOf(conversation));
}

/** A round picture: the first letter on a colour that is always the same. @param {Conversation} conversation */
export function portrait(conversation) {
  const { id, isGroup, state } = conversation;
  const initial = [...titleOf(conversation)][0] ?? "";
  return h(
    "span",
    { class: `portrait colour-${id % COLOURS}${isGroup ? " of-group" : ""}`, "aria-hidden": "true" },
    isGroup ? icon("group") : initial,
    state && h("span", { class: `dot ${state}` }),
  );
}
