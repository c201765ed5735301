/**
 * What the clients of one bucket hold in their hands: the only account of a bucket that no crash of
 * the server can falsify.
 */
import type { PolicyFields } from "../src/core/policy.ts";
import type { HttpClient } from "../test/support/http-client.ts";
import type { Answer } from "../test/support/http-connection.ts";
import type { ToldGrant } from "../test/support/virtual-time.ts";

import { acquirePath, grantIn } from "../test/support/callers.ts";

interface Ask {
  readonly tokens: number;
  /** Left out: as long as the policy lets it wait. */
  readonly timeoutMs?: number | undefined;
}

/** How a request ended for its client; `broken` is without an answer. */
type End = "granted" | "refused" | "broken";

/** One bucket's book. */
export class ClientBook {
  readonly bucket: string;
  readonly policy: PolicyFields;
  readonly grants: ToldGrant[] = [];
  /** Answers that must not be: of another status than 200 and 429, or with an instant that is not true. */
  readonly faults: string[] = [];
  /** Tokens granted since `turnPage`. */
  receivedTokens = 0;
  /** Tokens asked for since `turnPage` by requests that were never answered. */
  underWayTokens = 0;

  constructor(bucket: string, policy: PolicyFields) {
    this.bucket = bucket;
    this.policy = policy;
  }

  /** Asks once and writes down what comes of it. */
  async ask(client: HttpClient, { tokens, timeoutMs }: Ask): Promise<End> {
    const query = `tokens=${tokens}${timeoutMs === undefined ? "" : `&timeoutMs=${timeoutMs}`}`;
    const sentAtMs = Date.now();
    let answer: Answer;
    try {
      answer = await client.request(acquirePath(this.bucket, query));
    } catch {
      this.underWayTokens += tokens;
      return "broken";
    }
    if (answer.status === 200) {
      this.#keep(answer, sentAtMs);
      return "granted";
    }
    if (answer.status !== 429) this.faults.push(`${this.bucket}: ${JSON.stringify(answer.body)}`);
    return "refused";
  }

  /** Counts anew what is received and what is under way; the grants stay. */
  turnPage(): void {
    this.receivedTokens = 0;
    this.underWayTokens = 0;
  }

  #keep(answer: Answer, sentAtMs: number): void {
    const { tokens, grantedAtMs } = grantIn(answer);
    const { receivedAtMs } = answer;
    this.grants.push({ tokens, grantedAtMs });
    this.receivedTokens += tokens;
    // Server and clients read one clock, so no grant can be moved out of a window where it is too much.
    if (grantedAtMs < sentAtMs || grantedAtMs > receivedAtMs) {
      const times = `asked at ${sentAtMs}, granted at ${grantedAtMs}, told at ${receivedAtMs}`;
      this.faults.push(`${this.bucket}: ${times}`);
    }
  }
}
