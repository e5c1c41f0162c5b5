// @ts-check
import { Socket, address } from "./socket.js";

/** @typedef {import("../base/types.js").Session} Session */

const LOGIN = 1;
const REG = 3;
const LEFT_TO_ITSELF = 15_000; // milliseconds

/**
 * Log in with a password.
 *
 * The connection stays until the one by token takes its place, so that friends don't see
 * somebody come, go and come.
 * @param {string} who a name, or an account's number
 * @param {string} password
 * @param {string} device
 * @returns {Promise<Session>} rejects with Refused, or with Lost
 */
export async function logIn(who, password, device) {
  const socket = await connect();
  const account = /^[1-9]\d{0,15}$/.test(who) ? { id: Number(who) } : { name: who };
  try {
    const reply = await socket.request({ msgid: LOGIN, ...account, password, device, ack: true });
    setTimeout(() => socket.close(), LEFT_TO_ITSELF);
    return { id: reply.id, name: reply.name, device, token: reply.token };
  } catch (problem) {
    socket.close();
    throw problem;
  }
}

/**
 * Make an account.
 * @param {string} name @param {string} password
 * @returns {Promise<number>} its number; rejects with Refused, or with Lost
 */
export async function register(name, password) {
  const socket = await connect();
  try {
    return (await socket.request({ msgid: REG, name, password })).id;
  } finally {
    socket.close();
  }
}

async function connect() {
  const socket = new Socket(new WebSocket(address()), { frame: () => {}, end: () => {} });
  await socket.opened;
  return socket;
}
