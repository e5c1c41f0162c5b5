// @ts-check
import { Signal } from "../base/signal.js";

/** @typedef {import("../base/types.js").Unsent} Unsent */

const NAME = "chat outbox";
const TEXTS = "texts";

/**
 * The texts of an account that wait for their answers, in the order in which they were written.
 * They are in the browser's database before anything is sent, so that they outlive the page.
 */
export class Outbox {
  /** @type {Unsent[]} */
  texts = [];
  /** @type {Signal<void>} */
  changes = new Signal();
  #account;
  #database;

  /** @param {number} account @param {IDBDatabase} database */
  constructor(account, database) {
    this.#account = account;
    this.#database = database;
  }

  /** @param {number} account @returns {Promise<Outbox>} */
  static async open(account) {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => {
      const texts = request.result.createObjectStore(TEXTS, {
        keyPath: "order",
        autoIncrement: true,
      });
      texts.createIndex("account", "account");
      texts.createIndex("cid", "cid");
    };
    const outbox = new Outbox(account, await result(request));
    await outbox.reload();
    return outbox;
  }

  /** The texts for a conversation. @param {string} key */
  of(key) {
    return this.texts.filter((text) => text.key === key);
  }

  /** Read what another tab may have changed. */
  async reload() {
    const transaction = this.#database.transaction(TEXTS);
    const texts = result(transaction.objectStore(TEXTS).index("account").getAll(this.#account));
    // A tab that is frozen in between holds nobody up.
    transaction.commit();
    this.texts = await texts;
    this.texts.sort((a, b) => Number(a.order) - Number(b.order));
    this.changes.tell();
  }

  /** Put a text at the end; resolves when it is safe. @param {Unsent} unsent */
  async put(unsent) {
    await this.#change((texts) => texts.put(unsent));
  }

  /** Note that the server refused it. @param {string} cid @param {Unsent["failed"]} failed */
  async fail(cid, failed) {
    const [unsent] = this.texts.filter((text) => text.cid === cid);
    if (unsent) await this.#change((texts) => texts.put({ ...unsent, failed }));
  }

  /** Put a refused text at the end again, under a name of its own. @param {string} cid @param {string} fresh */
  async again(cid, fresh) {
    const [unsent] = this.texts.filter((text) => text.cid === cid);
    if (!unsent) return;
    const { order, failed, ...text } = unsent;
    await this.#change((texts) => {
      texts.delete(Number(order));
      texts.put({ ...text, cid: fresh });
    });
  }

  /** The server has it, or nobody wants it any more. @param {string} cid */
  async remove(cid) {
    const orders = this.texts.filter((text) => text.cid === cid).map((text) => Number(text.order));
    await this.#change((texts) => orders.forEach((order) => texts.delete(order)));
  }

  async clear() {
    const orders = this.texts.map((text) => Number(text.order));
    await this.#change((texts) => orders.forEach((order) => texts.delete(order)));
  }

  /** @param {(texts: IDBObjectStore) => void} change */
  async #change(change) {
    const transaction = this.#database.transaction(TEXTS, "readwrite", { durability: "strict" });
    change(transaction.objectStore(TEXTS));
    transaction.commit();
    await new Promise((resolve, reject) => {
      transaction.oncomplete = resolve;
      transaction.onabort = () => reject(transaction.error);
    });
    await this.reload();
  }
}

/**
 * @template T
 * @param {IDBRequest<T>} request @returns {Promise<T>}
 */
function result(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
