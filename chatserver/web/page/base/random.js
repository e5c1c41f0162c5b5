// @ts-check

/**
 * A name that nobody else has chosen. (crypto.randomUUID is for pages with TLS only.)
 * @returns {string} 22 characters
 */
export function uniqueName() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return btoa(String.fromCharCode(...bytes)).replace(/\+/g, "-").replace(/\//g, "_").slice(0, 22);
}
