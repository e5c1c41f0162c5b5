// @ts-check

/** @typedef {import("../base/types.js").Message} Message */

/**
 * A conversation is called by a key: "u5" is the one with user 5, "g3" that of group 3.
 * @param {Message} message @param {number} me
 */
export function keyOf({ id, toid, groupid }, me) {
  return groupid ? groupKey(groupid) : userKey(id === me ? Number(toid) : id);
}

/** The conversation that a request names. @param {{toid?: number, groupid?: number}} request */
export const keyOfRequest = ({ toid, groupid }) =>
  groupid ? groupKey(groupid) : userKey(Number(toid));

/** @param {number} id */
export const userKey = (id) => `u${id}`;

/** @param {number} id */
export const groupKey = (id) => `g${id}`;

/** @param {string} key */
export const isGroup = (key) => key.startsWith("g");

/** @param {string} key */
export const idOf = (key) => Number(key.slice(1));

/** @param {string} text @returns {boolean} */
export const isKey = (text) => /^[ug][1-9]\d{0,15}$/.test(text);

/** The fields of a request that name the conversation. @param {string} key */
export function addressee(key) {
  return isGroup(key) ? { groupid: idOf(key) } : { toid: idOf(key) };
}
