// @ts-check

/** @typedef {import("../base/types.js").Friend} Friend */
/** @typedef {import("../base/types.js").Group} Group */

/** Who is known, by whatever way: friends, members of groups, senders. */
export class People {
  /** @type {Map<number, string>} */
  #names = new Map();
  /** @type {Map<number, Friend>} */
  #friends = new Map();
  /** @type {Map<number, Group>} */
  #groups = new Map();

  /** @param {{id: number, name: string}} me */
  constructor(me) {
    this.learn(me.id, me.name);
  }

  get friends() {
    return [...this.#friends.values()];
  }

  get groups() {
    return [...this.#groups.values()];
  }

  /** @param {number} id */
  group(id) {
    return this.#groups.get(id);
  }

  /** @param {number} id */
  isFriend(id) {
    return this.#friends.has(id);
  }

  /** @param {number} id @returns {string} "" if it is not known */
  name(id) {
    return this.#names.get(id) ?? "";
  }

  /** Of friends alone it is told whether they are there. @param {number} id */
  state(id) {
    return this.#friends.get(id)?.state;
  }

  /** @param {number} id @param {string} name */
  learn(id, name) {
    this.#names.set(id, name);
  }

  /** @param {Friend[]} friends @param {Group[]} groups */
  welcome(friends, groups) {
    this.#friends.clear();
    this.#groups.clear();
    friends.forEach((friend) => this.addFriend(friend));
    groups.forEach((group) => this.addGroup(group));
  }

  /** @param {Friend} friend */
  addFriend(friend) {
    this.#friends.set(friend.id, friend);
    this.learn(friend.id, friend.name);
  }

  /** @param {Group} group */
  addGroup(group) {
    this.#groups.set(group.id, group);
    for (const { id, name } of group.users) this.learn(id, name);
  }

  /** @param {number} id @param {Friend["state"]} state */
  setState(id, state) {
    const friend = this.#friends.get(id);
    if (friend) friend.state = state;
  }
}
