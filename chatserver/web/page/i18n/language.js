// @ts-check
import { chosenLanguage } from "../store/preferences.js";
import en from "./en.js";
import zh from "./zh.js";

/** @type {Record<string, Record<string, string>>} */
const TABLES = { en, zh };

/** What each language calls itself. */
export const LANGUAGES = { en: "English", zh: "中文" };

/** The one that somebody has chosen, or the first that their browser asks for and that there is. */
export const language =
  [chosenLanguage(), ...navigator.languages]
    .map((tag) => (tag ?? "").toLowerCase().split("-")[0])
    .find((tag) => tag in TABLES) ?? "en";

/** The same as the browser would have it: en-GB writes times in another way than en-US. */
export const locale =
  navigator.languages.find((tag) => tag.toLowerCase().split("-")[0] === language) ??
  (language === "zh" ? "zh-CN" : "en-GB");

/**
 * A text in the language of the page.
 * @param {string} key
 * @param {Record<string, string | number>} [values] for what stands in braces; `n` also chooses
 *   between `KEY.one` and KEY
 */
export function t(key, values = {}) {
  const table = TABLES[language];
  const text = (values.n === 1 && table[`${key}.one`]) || table[key];
  return text.replace(/\{(\w+)\}/g, (_, name) => String(values[name]));
}

/** Whether there is a text of this key. @param {string} key */
export const hasText = (key) => key in TABLES[language];
