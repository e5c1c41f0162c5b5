// @ts-check
import { t } from "../i18n/language.js";
import { Keyed, drawn, h } from "./dom.js";
import { icon } from "./icons.js";
import { rowElement, rowsOf } from "./rows.js";

/** @typedef {import("../model/chat.js").Chat} Chat */
/** @typedef {import("../model/conversation.js").Conversation} Conversation */

const NEAR = 600; // pixels from an end at which more is loaded
const AT_END = 40; // pixels from the end that still count as the end
const SEEN = 60; // pixels of a message that are enough to have seen it

/** The messages of the conversation that is open, and their scrolling. */
export class Log {
  #chat;
  #list = h("ol", {});
  #rows;
  #below = h("button", { type: "button", class: "below", hidden: true, onclick: () => this.toEnd() });
  #scroller = h(
    "div",
    { class: "log", role: "log", "aria-live": "off", "aria-label": t("messages"), tabIndex: 0 },
    this.#list,
  );
  /** @type {Conversation | undefined} */
  #conversation;
  /** @type {import("../model/timeline.js").Timeline | undefined} The one that is shown. */
  #timeline;
  /** @type {number | undefined} The seq before which the unread line stands. */
  #unreadFrom;
  /** Whether it has to be put to its first place. */
  #isNew = false;

  /** @param {Chat} chat */
  constructor(chat) {
    this.#chat = chat;
    /** @type {Keyed<import("./rows.js").Row>} */
    this.#rows = new Keyed(this.#list, (row) =>
      rowElement(row, {
        load: () => this.#conversation?.timeline.retry(),
        sendAgain: (cid) => chat.sendAgain(cid),
        discard: (cid) => chat.discard(cid),
      }),
    );
    this.element = h("div", { class: "log-frame" }, this.#scroller, this.#below);
    this.#scroller.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    new ResizeObserver(() => this.#resized()).observe(this.#scroller);
    document.addEventListener("visibilitychange", () => this.#look());
    chat.changes.listen((key) => {
      if (!key || key === this.#conversation?.key) this.#wishToDraw();
    });
    chat.line.states.listen(() => this.#wishToDraw());
  }

  /** @param {Conversation | undefined} conversation */
  show(conversation) {
    const before = this.#timeline;
    before?.changes.ignore(this.#wishToDraw);
    if (before) before.isFollowed = true;
    this.#conversation = conversation;
    this.#timeline = conversation?.timeline;
    if (!conversation) return this.#rows.show([]);
    this.#unreadFrom = conversation.firstUnread;
    this.#isNew = true;
    conversation.timeline.isFollowed = !this.#unreadFrom;
    conversation.timeline.changes.listen(this.#wishToDraw);
    conversation.timeline.open(this.#unreadFrom);
    this.#render();
  }

  /** Show the newest, without the unread line. */
  async toEnd() {
    const timeline = this.#conversation?.timeline;
    if (!timeline) return;
    await timeline.newest();
    timeline.isFollowed = true;
    this.#unreadFrom = undefined;
    this.#render();
  }

  #wishToDraw = drawn(() => this.#render());

  #render() {
    const conversation = this.#conversation;
    if (!conversation) return;
    const { timeline } = conversation;
    // It has begun anew.
    if (timeline !== this.#timeline) return this.show(conversation);
    if (document.hidden) this.#unreadFrom ??= conversation.firstUnread;
    const isOnline = this.#chat.line.state.kind === "online";
    const anchor = this.#anchor();
    this.#rows.show(rowsOf(conversation, this.#chat.me.id, this.#unreadFrom, isOnline));
    this.#scroller.setAttribute("aria-busy", String(timeline.isLoading));
    if (this.#isNew) this.#place();
    else if (timeline.isFollowed) this.#scroller.scrollTop = this.#scroller.scrollHeight;
    else anchor?.();
    this.#look();
  }

  /** Go to the first place: where the unread begins, or the end. */
  #place() {
    const { isAtEnd, messages } = /** @type {Conversation} */ (this.#conversation).timeline;
    this.#scroller.scrollTop = this.#scroller.scrollHeight;
    if (!messages.length && !isAtEnd) return;
    this.#isNew = false;
    const line = this.#rows.element("unread");
    if (line) this.#scroller.scrollTop = line.offsetTop - this.#scroller.clientHeight / 4;
    this.#follow();
  }

  /** Remember where the first visible message stands; what is returned puts it there again. */
  #anchor() {
    const top = this.#scroller.getBoundingClientRect().top;
    const row = this.#messages().find((row) => row.getBoundingClientRect().bottom > top);
    if (!row) return undefined;
    const before = row.getBoundingClientRect().top;
    return () => {
      // Its element may be another one by now.
      const { seq } = row.dataset;
      const now = this.#list.querySelector(`[data-seq="${seq}"]`);
      if (now) this.#scroller.scrollTop += now.getBoundingClientRect().top - before;
    };
  }

  /** @returns {HTMLElement[]} */
  #messages() {
    return [.../** @type {NodeListOf<HTMLElement>} */ (this.#list.querySelectorAll("[data-seq]"))];
  }

  #scrolled() {
    if (!this.#isInPlace()) return;
    this.#follow();
    this.#look();
  }

  /** Stay with the newest as long as they are in view. */
  #follow() {
    const { timeline } = /** @type {Conversation} */ (this.#conversation);
    timeline.isFollowed = timeline.isAtEnd && this.#toTheEnd() < AT_END;
  }

  /** Whether what is seen is the conversation that is open, as it stands now. */
  #isInPlace() {
    return !this.#isNew && this.#timeline === this.#conversation?.timeline;
  }

  #resized() {
    if (this.#conversation?.timeline.isFollowed) this.#scroller.scrollTop = this.#scroller.scrollHeight;
    this.#look();
  }

  #toTheEnd() {
    const { scrollHeight, scrollTop, clientHeight } = this.#scroller;
    return scrollHeight - scrollTop - clientHeight;
  }

  /** See what is seen: load what is missing there, and note what was read. */
  #look() {
    const conversation = this.#conversation;
    if (!conversation || !this.#isInPlace()) return;
    const { timeline } = conversation;
    if (!timeline.isLoading && !timeline.problem) {
      if (timeline.hasOlder && this.#scroller.scrollTop < NEAR) timeline.older();
      else if (!timeline.isAtEnd && this.#toTheEnd() < NEAR) timeline.newer(true);
    }
    this.#showWhatIsBelow(conversation);
    if (!document.hidden) this.#noteRead(conversation);
  }

  /** @param {Conversation} conversation */
  #showWhatIsBelow({ timeline, unread }) {
    const isThere = timeline.isAtEnd && this.#toTheEnd() < AT_END;
    this.#below.hidden = isThere || !timeline.messages.length;
    const text = unread ? t("below.unread", { n: unread }) : t("below");
    this.#below.replaceChildren(icon("down"), text);
  }

  /** @param {Conversation} conversation */
  #noteRead(conversation) {
    const end = this.#scroller.getBoundingClientRect().bottom;
    const seen = this.#messages().findLast((row) => {
      const { top, height } = row.getBoundingClientRect();
      return height > 0 && top + Math.min(height, SEEN) <= end;
    });
    if (seen) this.#chat.read(conversation, Number(seen.dataset.seq));
  }
}
