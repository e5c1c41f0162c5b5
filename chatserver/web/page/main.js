// @ts-check
import { Lost } from "./base/errors.js";
import { Line } from "./connection/line.js";
import { sentence } from "./i18n/errors.js";
import { Refused } from "./base/errors.js";
import { locale, t } from "./i18n/language.js";
import { Chat } from "./model/chat.js";
import { Outbox } from "./store/outbox.js";
import { Positions } from "./store/positions.js";
import { clearSession, forgetToken, loadSession, onSessionChange } from "./store/session.js";
import { confirm } from "./view/dialog.js";
import { showLogin } from "./view/login.js";
import { Shell } from "./view/shell.js";

const place = /** @type {HTMLElement} */ (document.getElementById("chat"));
const WHY = "why log in again";

document.documentElement.lang = locale;
document.title = t("title");
// Another tab has logged in or out: what is here is of no use any more.
onSessionChange(() => location.reload());
// So is what a browser has kept of a page that was left: others have gone on since.
window.addEventListener("pageshow", ({ persisted }) => persisted && location.reload());
begin();

async function begin() {
  const why = sessionStorage.getItem(WHY) ?? "";
  sessionStorage.removeItem(WHY);
  const session = loadSession() ?? (await showLogin(place, why));
  const outbox = await Outbox.open(session.id);
  const positions = new Positions(session.id);
  const line = new Line(session, () => chat.welcome);
  const chat = new Chat(session, line, outbox, positions);
  line.states.listen((state) => {
    if (state.kind !== "refused") return;
    sessionStorage.setItem(WHY, sentence(new Refused({ msgid: 2, ...state }), "token"));
    forgetToken();
    location.reload();
  });
  new Shell(place, chat, () => logOut(chat));
}

/** @param {Chat} chat */
async function logOut(chat) {
  const { line, outbox, positions } = chat;
  const waiting = outbox.texts.length;
  const warning = waiting ? t("log.out.waiting", { n: waiting }) : t("log.out.explained");
  if (!(await confirm(t("log.out"), warning, t("log.out")))) return;
  try {
    await chat.logOut();
  } catch (problem) {
    const isOffline = problem instanceof Lost;
    if (isOffline && !(await confirm(t("log.out"), t("log.out.offline"), t("log.out")))) return;
  }
  // First of all, so that no other tab tries to go on with it.
  clearSession();
  line.stop();
  await outbox.clear();
  positions.clear();
  sessionStorage.clear();
  location.replace(location.pathname);
}
