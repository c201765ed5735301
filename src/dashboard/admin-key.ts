/**
 * The admin key. Nobody is asked for it before a call needs it: the first one that is refused for want of it
 * brings the question, and goes on with the answer. A key that is not refused is kept for the tab, beside the
 * API key (access-token.ts), and like it never appears in a URL.
 */
import type { CallResult } from "./operator-calls.ts";

import { storedToken, storeToken } from "./access-token.ts";

/** The refusals that another key may mend. */
const NEEDS_KEY = "unauthorized";
/** How the server begins when it knows the key, and what it is good for. */
const KNOWN_KEY = /^This API key lacks /;

/**
 * Asks the visitor for a key, `undefined` if they would rather not.
 *
 * @param fault What was wrong with the last one; absent the first time.
 */
export type AskKey = (fault: string | undefined) => Promise<string | undefined>;

/**
 * Makes a call with the stored key, and asks for another as long as the one it has is refused.
 *
 * @param send Sends the call with a key, or without one.
 * @returns What came of it; `undefined` if the visitor gave no key, and nothing was changed.
 */
export async function callWithAdminKey<Value>(
  send: (key: string | undefined) => Promise<CallResult<Value>>,
  askKey: AskKey,
): Promise<CallResult<Value> | undefined> {
  let key = storedToken("admin");
  for (;;) {
    const result = await send(key);
    if (result.ok || result.reason !== NEEDS_KEY) {
      if (key !== undefined) storeToken(key, "admin");
      return result;
    }
    key = await askKey(key === undefined ? undefined : faultOf(result.detail));
    if (key === undefined) return undefined;
  }
}

function faultOf(detail: string): string {
  return KNOWN_KEY.test(detail) ? detail : "This key is wrong: it is not one of ADMIN_TOKEN";
}
