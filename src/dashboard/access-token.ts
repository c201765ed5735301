/**
 * The visitor's token: kept for this tab and until it is closed, so that a reload does not ask again. It is
 * sent in a header, or as a word of the feed's handshake, and never stands in an address.
 */

const KEY = "sluice.token";

/** The token of this tab. */
export function storedToken(): string | undefined {
  try {
    return sessionStorage.getItem(KEY) ?? undefined;
  } catch {
    // The browser keeps nothing for this page: then it asks each time.
    return undefined;
  }
}

/** Keeps `token`, or forgets the one before. */
export function storeToken(token: string | undefined): void {
  try {
    if (token === undefined) sessionStorage.removeItem(KEY);
    else sessionStorage.setItem(KEY, token);
  } catch {
    // See above.
  }
}
