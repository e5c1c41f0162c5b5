// @ts-check
import { sentence } from "../i18n/errors.js";
import { t } from "../i18n/language.js";
import { clock, day, isSameDay, whole } from "../i18n/times.js";
import { Refused } from "../base/errors.js";
import { h, nameOf, unseen } from "./dom.js";
import { icon } from "./icons.js";
import { textOf } from "./text.js";

/** @typedef {import("../base/types.js").Message} Message */
/** @typedef {import("../base/types.js").Unsent} Unsent */
/** @typedef {import("../model/conversation.js").Conversation} Conversation */

/**
 * A row of the log, with all that it shows.
 * @typedef {{key: string} & (
 *   {kind: "older", isLoading: boolean}
 *   | {kind: "problem", why: string}
 *   | {kind: "beginning"}
 *   | {kind: "day", time: string}
 *   | {kind: "unread"}
 *   | {kind: "message", message: Message, isMine: boolean, isFirst: boolean, hasName: boolean}
 *   | {kind: "unsent", unsent: Unsent, isFirst: boolean, isSending: boolean}
 * )} Row
 */

/** What a row may ask for. @typedef {{load: () => void, sendAgain: (cid: string) => void,
 *   discard: (cid: string) => void}} Wishes */

const TOGETHER = 5 * 60_000; // milliseconds in which messages of one sender belong together

/**
 * The rows of a conversation.
 * @param {Conversation} conversation
 * @param {number} me
 * @param {number | undefined} unreadFrom the seq before which the unread line stands
 * @param {boolean} isOnline
 * @returns {Row[]}
 */
export function rowsOf(conversation, me, unreadFrom, isOnline) {
  const { messages, hasOlder, isAtEnd, isLoading, problem } = conversation.timeline;
  /** @type {Row[]} */
  const rows = [];
  if (problem) rows.push({ key: "problem", kind: "problem", why: sentence(problem) });
  else if (hasOlder) rows.push({ key: "older", kind: "older", isLoading });
  else if (messages.length) rows.push({ key: "beginning", kind: "beginning" });
  /** @type {Message | undefined} */
  let last;
  for (const message of messages) {
    const { seq, id, time, cid } = message;
    const isMine = id === me;
    const isNewDay = !last || !isSameDay(new Date(last.time), new Date(time));
    if (isNewDay) rows.push({ key: `day ${new Date(time).toDateString()}`, kind: "day", time });
    if (seq === unreadFrom) rows.push({ key: "unread", kind: "unread" });
    const isFirst = isNewDay || seq === unreadFrom || !belongTogether(last, message);
    const hasName = isFirst && !isMine && conversation.isGroup;
    const key = isMine && cid ? `cid ${cid}` : `seq ${seq}`;
    rows.push({ key, kind: "message", message, isMine, isFirst, hasName });
    last = message;
  }
  if (!isAtEnd && messages.length) return rows;
  let isFirst = last?.id !== me;
  for (const unsent of conversation.unsent) {
    const isSending = isOnline && !unsent.failed;
    rows.push({ key: `cid ${unsent.cid}`, kind: "unsent", unsent, isFirst, isSending });
    isFirst = false;
  }
  return rows;
}

/** @param {Message | undefined} one @param {Message} other */
function belongTogether(one, other) {
  return one?.id === other.id && Date.parse(other.time) - Date.parse(one.time) < TOGETHER;
}

/** @param {Row} row @param {Wishes} wishes @returns {HTMLElement} */
export function rowElement(row, wishes) {
  switch (row.kind) {
    case "older":
      return h("li", { class: "note" }, t("loading"));
    case "problem":
      return problemElement(row.why, wishes);
    case "beginning":
      return h("li", { class: "note" }, t("beginning"));
    case "day":
      return h("li", { class: "day" }, h("span", {}, day(new Date(row.time))));
    case "unread":
      return h("li", { class: "unread-line" }, h("span", {}, t("unread.line")));
    case "message":
      return messageElement(row);
    case "unsent":
      return unsentElement(row, wishes);
  }
}

/** @param {string} why @param {Wishes} wishes */
const problemElement = (why, { load }) =>
  h(
    "li",
    { class: "note" },
    why,
    h("button", { type: "button", class: "quiet", onclick: load }, t("load.again")),
  );

/** @param {Row & {kind: "message"}} row */
function messageElement({ message, isMine, isFirst, hasName }) {
  const { id, name, msg, time, seq } = message;
  const date = new Date(time);
  const sender = hasName && h("span", { class: `sender ink-${id % 8}` }, nameOf(name));
  const element = h(
    "li",
    { class: `message ${isMine ? "mine" : "theirs"}${isFirst ? " first" : ""}` },
    h(
      "div",
      { class: "bubble" },
      sender || unseen(isMine ? t("you") : name),
      body(
        msg,
        h("time", { dateTime: time, title: whole(date) }, clock(date)),
        isMine && icon("check"),
        isMine && unseen(t("sent")),
      ),
    ),
  );
  element.dataset.seq = String(seq);
  return element;
}

/** A text, and what is said about it. @param {string} text @param {...(Node | string | false)} meta */
const body = (text, ...meta) =>
  h("div", { class: "body" }, textOf(text), h("span", { class: "meta" }, ...meta));

/** @param {Row & {kind: "unsent"}} row @param {Wishes} wishes */
function unsentElement({ unsent, isFirst, isSending }, { sendAgain, discard }) {
  const { cid, text, failed } = unsent;
  const state = failed ? "failed" : isSending ? "sending" : "waiting";
  return h(
    "li",
    { class: `message mine unsent ${state}${isFirst ? " first" : ""}` },
    h(
      "div",
      { class: "bubble" },
      unseen(t("you")),
      body(text, icon(failed ? "alert" : "clock"), t(state)),
    ),
    failed &&
      h(
        "div",
        { class: "refusal" },
        h("span", {}, sentence(new Refused({ msgid: 11, ...failed }), "send")),
        h("button", { type: "button", onclick: () => sendAgain(cid) }, t("retry")),
        h("button", { type: "button", onclick: () => discard(cid) }, t("discard")),
      ),
  );
}
