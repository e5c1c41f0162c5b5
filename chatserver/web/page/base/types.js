// @ts-check
// The shapes of what goes around between the parts of the page.

/**
 * A frame of the protocol; docs/protocol.md says which fields which `msgid` has.
 * @typedef {{msgid: number, [field: string]: any}} Frame
 */

/**
 * A message of a conversation, as the server pushes it.
 * @typedef {{msgid: number, id: number, name: string, toid?: number, groupid?: number,
 *   msg: string, time: string, conv: number, seq: number, cid?: string}} Message
 */

/**
 * A text that the server has not answered yet, or has refused (then with `errno`).
 * @typedef {{cid: string, account: number, key: string, text: string, written: number,
 *   order?: number, failed?: {errno: number, errmsg: string}}} Unsent
 */

/**
 * How it stands with the connection. `until` is when the next attempt begins, in
 * milliseconds since 1970.
 * @typedef {{kind: "connecting" | "online" | "replaced"}
 *   | {kind: "offline", until: number, reason: string}
 *   | {kind: "refused", errno: number, errmsg: string}} State
 */

/** @typedef {{id: number, name: string, state: "online" | "offline"}} Friend */
/** @typedef {{id: number, name: string, state: string, role: "creator" | "normal"}} Member */
/** @typedef {{id: number, groupname: string, groupdesc: string, users: Member[]}} Group */

/** What a login tells. @typedef {{friends: Friend[], groups: Group[]}} Welcome */

/** The account that is logged in. @typedef {{id: number, name: string, device: string,
 *   token: string}} Session */

export {};
