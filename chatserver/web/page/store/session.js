// @ts-check
import { uniqueName } from "../base/random.js";

/** @typedef {import("../base/types.js").Session} Session */

const KEY = "chat session";

/** Who is logged in in this browser; undefined if nobody is. @returns {Session | undefined} */
export function loadSession() {
  const session = JSON.parse(localStorage.getItem(KEY) ?? "null");
  return session?.token ? session : undefined;
}

/** @param {Session} session */
export function saveSession(session) {
  localStorage.setItem(KEY, JSON.stringify(session));
}

/** The token is worth nothing any more; the rest stays for the next login. */
export function forgetToken() {
  const session = loadSession();
  if (session) saveSession({ ...session, token: "" });
}

/** What the last login left: its name, and the device, of which there is one for a browser. */
export function lastLogin() {
  const { name = "", device = `web-${uniqueName()}` } = JSON.parse(
    localStorage.getItem(KEY) ?? "{}",
  );
  return { name, device };
}

/** Forget who was here. */
export function clearSession() {
  localStorage.removeItem(KEY);
}

/** Whether nobody is here any more, so that nothing more may be kept. */
export const isCleared = () => localStorage.getItem(KEY) === null;

/** Call back when another tab logs in or out. @param {() => void} listener */
export function onSessionChange(listener) {
  let token = loadSession()?.token;
  window.addEventListener("storage", ({ key }) => {
    if (key !== KEY && key !== null) return;
    const now = loadSession()?.token;
    if (now !== token) listener();
    token = now;
  });
}
