// @ts-check

/**
 * Make an element. Texts become text nodes and nothing else, whatever is in them.
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Record<string, any>} [properties] `on…` are listeners, `class` and names with a dash
 *   are attributes, as are `role` and `for`; the rest are properties
 * @param {...(Node | string | number | undefined | null | false)} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (/-|^class$|^role$|^for$/.test(name)) element.setAttribute(name, String(value));
    else /** @type {any} */ (element)[name] = value;
  }
  for (const child of children) {
    if (child !== undefined && child !== null && child !== false) {
      element.append(child instanceof Node ? child : String(child));
    }
  }
  return element;
}

/** A name that somebody has given: it can't turn the direction of what stands around it. @param {string} name */
export const nameOf = (name) => h("bdi", {}, name);

/** For those who listen, and nobody's eyes. @param {string} text */
export const unseen = (text) => h("span", { class: "unseen" }, text);

/** Set an attribute, or remove it. @param {Element} element @param {string} name @param {string | undefined} value */
export function attribute(element, name, value) {
  if (value === undefined) element.removeAttribute(name);
  else element.setAttribute(name, value);
}

/**
 * Draw with the next frame, however often that is wished until then. Hidden pages have no frames,
 * and go on receiving.
 * @param {() => void} draw
 * @returns {() => void} wishes it
 */
export function drawn(draw) {
  let isWished = false;
  const now = () => {
    isWished = false;
    draw();
  };
  return () => {
    if (isWished) return;
    isWished = true;
    if (document.hidden) setTimeout(now);
    else requestAnimationFrame(now);
  };
}

/**
 * A list of elements that follows a list of things: what stays the same keeps its element, so
 * that focus, selection and position stay.
 * @template {{key: string}} T
 */
export class Keyed {
  /** @type {Map<string, {element: HTMLElement, look: string}>} */
  #shown = new Map();
  #parent;
  #make;

  /** @param {HTMLElement} parent @param {(thing: T) => HTMLElement} make */
  constructor(parent, make) {
    this.#parent = parent;
    this.#make = make;
  }

  /** @param {T[]} things those whose JSON is as before keep their element */
  show(things) {
    const keys = new Set(things.map(({ key }) => key));
    for (const [key, { element }] of this.#shown) {
      if (keys.has(key)) continue;
      element.remove();
      this.#shown.delete(key);
    }
    let next = this.#parent.firstElementChild;
    for (const thing of things) {
      const isInPlace = next !== null && this.element(thing.key) === next;
      if (isInPlace) next = next?.nextElementSibling ?? null;
      const element = this.#elementOf(thing);
      if (!isInPlace) this.#parent.insertBefore(element, next);
    }
  }

  /** @param {string} key */
  element(key) {
    return this.#shown.get(key)?.element;
  }

  /** @param {T} thing */
  #elementOf(thing) {
    const look = JSON.stringify(thing);
    const shown = this.#shown.get(thing.key);
    if (shown?.look === look) return shown.element;
    const element = this.#make(thing);
    this.#shown.set(thing.key, { element, look });
    if (shown) {
      const hadFocus = shown.element.contains(document.activeElement);
      shown.element.replaceWith(element);
      if (hadFocus) focusable(element)?.focus({ preventScroll: true });
    }
    return element;
  }
}

/** @param {HTMLElement} element @returns {HTMLElement | null} */
const focusable = (element) => element.querySelector("a, button");
