/** The demo's callers as calls to a filter in this process, without a server. */
import { createTokenBucketFilter } from "../src/local/token-bucket-filter.ts";
import { DemoError } from "./demo-error.ts";

/**
 * Lets the callers `names` ask a new filter for a token, in this order, and reports each grant.
 *
 * @throws {DemoError} If one of them is refused.
 */
export async function askFilter(
  names: readonly string[],
  refillIntervalMs: number,
  onGrant: (name: string, grantedAtMs: number) => void,
): Promise<void> {
  const filter = createTokenBucketFilter(1, { refillTokens: 1, refillIntervalMs });
  const ask = async (name: string): Promise<void> => {
    const outcome = await filter.getToken();
    if (!outcome.ok) throw new DemoError(`${name} was refused: ${outcome.reason}`);
    onGrant(name, outcome.grantedAtMs);
  };
  await Promise.all(names.map(ask));
}
