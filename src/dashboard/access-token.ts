/**
 * The visitor's token. It is kept for this tab until the tab is closed, so that a reload doesn't
 * ask again. It is sent in a header, or in the subprotocol of the feed's handshake, and never
 * appears in a URL.
 */

const KEY = "sluice.token";

/** The token stored for this tab. */
export function storedToken(): string | undefined {
  try {
    return sessionStorage.getItem(KEY) ?? undefined;
  } catch {
    // The browser blocks storage for this page: ask each time.
    return undefined;
  }
}

/** Stores `token`; `undefined` deletes the stored one. */
export function storeToken(token: string | undefined): void {
  try {
    if (token === undefined) sessionStorage.removeItem(KEY);
    else sessionStorage.setItem(KEY, token);
  } catch {
    // The browser blocks storage, as above.
  }
}
