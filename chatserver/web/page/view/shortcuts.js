// @ts-check
import { openHelp } from "./help.js";

/** @typedef {{previous: () => void, next: () => void, unread: () => void, back: () => void}} Actions */

/** Does what keys ask for; view/help.js tells them. @param {Actions} actions */
export function listenToKeys(actions) {
  document.addEventListener("keydown", (event) => {
    const action = actionOf(event, actions);
    if (!action || document.querySelector("dialog[open]") || event.isComposing) return;
    event.preventDefault();
    action();
  });
}

/** @param {KeyboardEvent} event @param {Actions} actions */
function actionOf({ key, code, altKey, ctrlKey, metaKey, shiftKey }, actions) {
  if (key === "Escape") return actions.back;
  if ((ctrlKey || metaKey) && key === "/") return openHelp;
  if (!altKey || ctrlKey || metaKey || shiftKey) return undefined;
  if (key === "ArrowUp") return actions.previous;
  if (key === "ArrowDown") return actions.next;
  // By its place, as Alt makes another character of it on some systems.
  return code === "KeyA" ? actions.unread : undefined;
}
