// @ts-check

/** A set of growing numbers, kept as spans: 3, 4, 5 and 9 are [3, 5] and [9, 9]. */
export class Spans {
  /** @param {[number, number][]} spans */
  constructor(spans = []) {
    this.spans = spans;
  }

  /** Add one that is greater than all. @param {number} number */
  add(number) {
    const last = this.spans.at(-1);
    if (last && last[1] === number - 1) last[1] = number;
    else this.spans.push([number, number]);
  }

  /** Those that are greater. @param {number} bound */
  above(bound) {
    return new Spans(
      this.spans
        .filter(([, to]) => to > bound)
        .map(([from, to]) => [Math.max(from, bound + 1), to]),
    );
  }

  get count() {
    return this.spans.reduce((sum, [from, to]) => sum + to - from + 1, 0);
  }

  /** The smallest, undefined if there is none. */
  get first() {
    return this.spans[0]?.[0];
  }
}
