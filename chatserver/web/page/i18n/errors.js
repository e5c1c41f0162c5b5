// @ts-check
import { Refused } from "../base/errors.js";
import { hasText, t } from "./language.js";

/**
 * Why something did not work, as a sentence.
 * @param {unknown} problem
 * @param {string} [what] "login", "register" …: the same errno may say another thing there
 */
export function sentence(problem, what = "") {
  if (!(problem instanceof Refused)) return t("error.lost");
  const { errno, retryAfter, message } = problem;
  const key = [`error.${errno}.${what}`, `error.${errno}`].find(hasText) ?? "error.other";
  return t(key, { n: Math.ceil(retryAfter ?? 1), errno, errmsg: message });
}
