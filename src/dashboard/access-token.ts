/**
 * The visitor's keys. They are kept for this tab until the tab is closed, so that a reload doesn't
 * ask again. They are sent in a header, or in the subprotocol of the feed's handshake, and never
 * appear in a URL.
 */

const keys = { api: "sluice.token", admin: "sluice.admin-key" } as const;

/** What a key is for: what everybody does, or what changes a bucket. */
type KeyKind = keyof typeof keys;

/** The key stored for this tab. */
export function storedToken(kind: KeyKind = "api"): string | undefined {
  try {
    return sessionStorage.getItem(keys[kind]) ?? undefined;
  } catch {
    // The browser blocks storage for this page: ask each time.
    return undefined;
  }
}

/** Stores `token`; `undefined` deletes the stored one. */
export function storeToken(token: string | undefined, kind: KeyKind = "api"): void {
  try {
    if (token === undefined) sessionStorage.removeItem(keys[kind]);
    else sessionStorage.setItem(keys[kind], token);
  } catch {
    // The browser blocks storage, as above.
  }
}
