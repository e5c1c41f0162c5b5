// @ts-check
import { h } from "./dom.js";

const LINK = /\bhttps?:\/\/[^\s<>"'“”‘’（）《》，。！？；、]+/g;
const LAST_IS_NOT_OF_IT = /[.,:;!?)\]]+$/;

/**
 * A text as somebody wrote it, its web addresses as links.
 * @param {string} text
 */
export function textOf(text) {
  const element = h("p", { class: "text", dir: "auto" });
  let end = 0;
  for (const { 0: found, index } of text.matchAll(LINK)) {
    const href = found.replace(LAST_IS_NOT_OF_IT, "");
    if (!URL.canParse(href)) continue;
    element.append(text.slice(end, index), link(href));
    end = index + href.length;
  }
  element.append(text.slice(end));
  return element;
}

/** @param {string} href */
const link = (href) => h("a", { href, target: "_blank", rel: "noopener noreferrer" }, href);
