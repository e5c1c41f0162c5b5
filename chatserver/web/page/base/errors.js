// @ts-check

/** The server has refused a request. */
export class Refused extends Error {
  /** @param {import("./types.js").Frame} reply */
  constructor(reply) {
    super(reply.errmsg ?? `errno ${reply.errno}`);
    this.errno = Number(reply.errno);
    /** Seconds for which the server wants to be left alone, if it says so. */
    this.retryAfter = /** @type {number | undefined} */ (reply.retry_after);
  }

  /** Whether the same request may succeed a little later. */
  get isTemporary() {
    return this.errno === 109 || this.errno === 110;
  }

  /** Seconds to wait before the request is made again. */
  get pause() {
    return this.retryAfter ?? 1;
  }
}

/** There is no connection, or it ended before the answer came. */
export class Lost extends Error {
  /** @param {string} why @param {boolean} [isOurFault] the server could not take what we sent */
  constructor(why, isOurFault = false) {
    super(why);
    this.isOurFault = isOurFault;
  }
}
