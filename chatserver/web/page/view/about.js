// @ts-check
import { sentence } from "../i18n/errors.js";
import { t } from "../i18n/language.js";
import { userKey } from "../model/keys.js";
import { openDialog } from "./dialog.js";
import { h, nameOf } from "./dom.js";
import { portrait, title } from "./titles.js";

/** @typedef {import("../model/chat.js").Chat} Chat */
/** @typedef {import("../model/conversation.js").Conversation} Conversation */

/**
 * The dialog about a conversation: who takes part.
 * @param {Chat} chat @param {Conversation} conversation @param {(key: string) => void} open
 */
export function openAbout(chat, conversation, open) {
  const { id, isGroup } = conversation;
  /** @type {HTMLDialogElement} */
  const dialog = openDialog(
    title(conversation),
    h("p", { class: "quiet" }, t(isGroup ? "group.its.number" : "user.its.number", { id })),
    ...(isGroup ? aboutGroup() : aboutUser()),
  );

  function aboutGroup() {
    const group = chat.people.group(id);
    if (!group) return [h("p", {}, t("group.unknown"))];
    return [
      h("p", { dir: "auto", class: "description" }, group.groupdesc),
      h("h3", {}, t("members", { n: group.users.length })),
      h("ul", { class: "members" }, ...group.users.map(memberOf)),
    ];
  }

  /** @param {import("../base/types.js").Member} member */
  function memberOf(member) {
    const { id, name } = member;
    const state = chat.people.state(id);
    const look = { id, isGroup: false, isWithMyself: id === chat.me.id, knownName: name, state };
    const goThere = () => {
      dialog.close();
      open(userKey(id));
    };
    return h(
      "li",
      {},
      h(
        "button",
        { type: "button", class: "member", onclick: goThere },
        portrait(look),
        nameOf(name),
        member.role === "creator" && h("small", {}, t("creator")),
        h("small", {}, `#${id}`),
      ),
    );
  }

  function aboutUser() {
    const state = conversation.state;
    if (conversation.isWithMyself) return [h("p", {}, t("myself.explained"))];
    if (state) return [h("p", {}, t(`friend.${state}`))];
    const problem = h("p", { class: "problem", role: "alert" });
    const button = h(
      "button",
      {
        type: "button",
        onclick: async () => {
          try {
            await chat.addFriend(id);
            dialog.close();
          } catch (refusal) {
            problem.textContent = sentence(refusal, "new.friend");
          }
        },
      },
      t("new.friend"),
    );
    return [h("p", {}, t("stranger")), button, problem];
  }
}
