// @ts-check
import { uniqueName } from "../base/random.js";
import { Signal } from "../base/signal.js";
import { Acks } from "./acks.js";
import { Conversation } from "./conversation.js";
import { addressee, groupKey, keyOf, keyOfRequest, userKey } from "./keys.js";
import { People } from "./people.js";
import { Sender } from "./sender.js";

/** @typedef {import("../base/types.js").Frame} Frame */
/** @typedef {import("../base/types.js").Message} Message */
/** @typedef {import("../base/types.js").Welcome} Welcome */

const ONE_CHAT = 5;
const ADD_FRIEND = 6;
const CREATE_GROUP = 7;
const ADD_GROUP = 8;
const GROUP_CHAT = 9;
const LOGINOUT = 10;
const HISTORY = 15;
const PRESENCE = 16;
const LOOKED_UP = 60; // conversations whose newest message is asked for after a login

/** All that the logged-in account can see, and what it can do. */
export class Chat {
  /** @type {Map<string, Conversation>} */
  conversations = new Map();
  /** @type {Signal<string>} The key of a conversation that looks different now; "" for all. */
  changes = new Signal();
  /** @type {Signal<{conversation: Conversation, message: Message}>} What others have just written. */
  arrivals = new Signal();
  people;
  #acks;
  /** @type {Set<string>} Groups that it has asked for already. */
  #unknownGroups = new Set();

  /**
   * @param {{id: number, name: string}} me
   * @param {import("../connection/line.js").Line} line
   * @param {import("../store/outbox.js").Outbox} outbox
   * @param {import("../store/positions.js").Positions} positions
   */
  constructor(me, line, outbox, positions) {
    this.me = { id: me.id, name: me.name };
    this.line = line;
    this.outbox = outbox;
    this.positions = positions;
    this.people = new People(this.me);
    this.#acks = new Acks((frame) => line.send(frame));
    new Sender(line, outbox, this.me);
    for (const key of positions.keys()) this.conversation(key);
    for (const { key } of outbox.texts) this.conversation(key);
    line.frames.listen((frame) => this.#receive(frame));
    line.answers.listen(({ frame, reply }) => this.#answered(frame, reply));
    line.welcomes.listen((welcome) => this.#welcome(welcome));
    line.news.listen((news) => this.#hear(news));
    line.states.listen(({ kind }) => this.#connected(kind === "online"));
    outbox.changes.listen(() => this.changes.tell(""));
    // The last visit may have ended before it could tell of them.
    if (outbox.texts.length) line.announce({ outbox: true });
    positions.changes.listen((key) => {
      const conversation = this.conversation(key);
      const { conv } = positions.got(key);
      if (conv) conversation.meet(conv);
      this.changes.tell(key);
    });
  }

  /** What a tab that comes later has to know. @returns {Welcome} */
  get welcome() {
    return { friends: this.people.friends, groups: this.people.groups };
  }

  /** The conversation of a key, which may be a new one. @param {string} key */
  conversation(key) {
    let conversation = this.conversations.get(key);
    if (!conversation) {
      conversation = new Conversation(key, this);
      this.conversations.set(key, conversation);
    }
    return conversation;
  }

  /** How many messages wait to be read. */
  get unread() {
    return [...this.conversations.values()].reduce((sum, { unread }) => sum + unread, 0);
  }

  /** @param {Conversation} conversation @param {number} seq everything up to it was seen */
  read({ key, conv }, seq) {
    if (this.positions.read(key, conv, seq)) this.changes.tell(key);
  }

  /** Write to a conversation; resolves when the text is safe. @param {string} key @param {string} text */
  async write(key, text) {
    const account = this.me.id;
    await this.outbox.put({ cid: uniqueName(), account, key, text, written: Date.now() });
    this.line.announce({ outbox: true });
  }

  /** Send a refused text again. @param {string} cid */
  async sendAgain(cid) {
    await this.outbox.again(cid, uniqueName());
    this.line.announce({ outbox: true });
  }

  /** Drop a refused text. @param {string} cid */
  async discard(cid) {
    await this.outbox.remove(cid);
    this.line.announce({ outbox: true });
  }

  /** @param {number} friendid @returns {Promise<string>} the key of the conversation */
  async addFriend(friendid) {
    const { friend } = await this.line.request({ msgid: ADD_FRIEND, friendid });
    this.#announce({ friend });
    return userKey(friendid);
  }

  /** @param {string} groupname @param {string} groupdesc @returns {Promise<string>} its key */
  async createGroup(groupname, groupdesc) {
    const { groupid } = await this.line.request({ msgid: CREATE_GROUP, groupname, groupdesc });
    const users = [{ ...this.me, state: "online", role: "creator" }];
    this.#announce({ group: { id: groupid, groupname, groupdesc, users } });
    return groupKey(groupid);
  }

  /** @param {number} groupid @returns {Promise<string>} its key */
  async joinGroup(groupid) {
    const { group } = await this.line.request({ msgid: ADD_GROUP, groupid });
    this.#announce({ group });
    return groupKey(groupid);
  }

  /** Find out whether there is such a user. @param {number} id @returns {Promise<string>} the key */
  async findUser(id) {
    const key = userKey(id);
    await this.history(key, { limit: 1 });
    return key;
  }

  /** Make the token worthless. Rejects with Lost when the server can't be asked. */
  async logOut() {
    await this.line.request({ msgid: LOGINOUT });
  }

  /**
   * @param {string} key @param {import("./timeline.js").Range} range
   * @returns {Promise<{messages: Message[], more: boolean}>}
   */
  async history(key, range) {
    const request = { msgid: HISTORY, ...addressee(key), ...range };
    const { conv, messages, more } = await this.line.request(request);
    this.#meet(key, conv);
    for (const message of messages) this.people.learn(message.id, message.name);
    return { messages, more };
  }

  /** What the server has answered to any tab, in the one that leads. @param {Frame} frame @param {Frame} reply */
  #answered(frame, reply) {
    if ([ONE_CHAT, GROUP_CHAT, HISTORY].includes(frame.msgid)) {
      this.#meet(keyOfRequest(frame), reply.conv);
    }
  }

  /**
   * The server has told the number of a conversation. Another one than before means that its
   * database was put back to an earlier state.
   * @param {string} key @param {number | undefined} conv undefined, if there are no messages
   */
  #meet(key, conv) {
    if (this.line.isLeading) this.positions.meet(key, conv);
    if (this.conversations.get(key)?.meet(conv)) this.changes.tell(key);
  }

  /** @param {Frame} frame */
  #receive(frame) {
    if (frame.msgid === ONE_CHAT || frame.msgid === GROUP_CHAT) {
      const { msgid, id, name, toid, groupid, msg, time, conv, seq, cid } = frame;
      const message = { msgid, id, name, toid, groupid, msg, time, conv, seq, cid };
      this.#take(message, Boolean(frame.isSentHere));
    } else if (frame.msgid === PRESENCE) {
      this.people.setState(frame.id, frame.state);
      this.changes.tell(userKey(frame.id));
    }
  }

  /** @param {Message} message @param {boolean} isSentHere */
  #take(message, isSentHere) {
    const conversation = this.conversation(keyOf(message, this.me.id));
    const { key } = conversation;
    const isMine = message.id === this.me.id;
    this.people.learn(message.id, message.name);
    this.#meet(key, message.conv);
    let isNew = true;
    if (this.line.isLeading) {
      const name = conversation.knownName;
      if (isSentHere) this.positions.remember(key, name);
      else {
        isNew = this.positions.note(key, name, message.seq, !isMine);
        // Who writes somewhere else has read what was there.
        if (isMine) this.positions.read(key, message.conv, message.seq);
        this.#acks.noted(message.conv, message.seq);
      }
    }
    conversation.take(message);
    this.changes.tell(key);
    if (conversation.isGroup && !this.people.group(conversation.id)) this.#askWhichGroup(key);
    if (isNew && !isMine) this.arrivals.tell({ conversation, message });
  }

  /** Only a login tells of a group that was joined on another device. @param {string} key */
  #askWhichGroup(key) {
    if (this.#unknownGroups.has(key)) return;
    this.#unknownGroups.add(key);
    this.line.renew();
  }

  /** @param {Welcome} welcome */
  #welcome({ friends, groups }) {
    this.people.welcome(friends, groups);
    for (const { id } of friends) this.conversation(userKey(id));
    for (const { id } of groups) this.conversation(groupKey(id));
    this.changes.tell("");
  }

  /** @param {any} news */
  #announce(news) {
    this.line.announce(news);
    this.#hear(news);
  }

  /** @param {any} news */
  #hear({ outbox, friend, group }) {
    if (outbox) this.outbox.reload();
    if (friend) this.people.addFriend(friend);
    if (group) this.people.addGroup(group);
    if (friend || group) {
      const conversation = this.conversation(friend ? userKey(friend.id) : groupKey(group.id));
      // What was refused before may be allowed now.
      conversation.catchUp();
      this.changes.tell(conversation.key);
    }
  }

  /** @param {boolean} isOnline */
  async #connected(isOnline) {
    if (!isOnline) return this.#acks.forget();
    for (const conversation of this.conversations.values()) conversation.catchUp();
    const unknown = [...this.conversations.values()].filter(({ latest }) => !latest);
    await Promise.all(unknown.slice(0, LOOKED_UP).map((each) => each.lookUp()));
    this.changes.tell("");
  }
}
