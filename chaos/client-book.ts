/** Records what the clients of one bucket received: the one account that no crash of the server can change. */
import type { PolicyFields } from "../src/core/policy.ts";
import type { Answer, HttpClient } from "../kit/http/http-connection.ts";
import type { SeenGrant } from "../kit/model/virtual-time.ts";

import { acquirePath, grantIn } from "../kit/http/callers.ts";

interface Ask {
  readonly tokens: number;
  /** Default: the policy's `maxWaitMs`. */
  readonly timeoutMs?: number | undefined;
  /** Sent as `Idempotency-Key`; unique within this bucket. */
  readonly key?: string | undefined;
}

/** A request with a key that was never answered. */
interface UnderWay {
  readonly ask: Ask;
  readonly sentAtMs: number;
}

/** A request with a key, and the grant that its client received. */
interface KeyedGrant {
  readonly ask: Ask;
  readonly grant: SeenGrant;
}

/** The result of repeating requests with their keys. */
export interface AskedAgain {
  readonly asked: number;
  /** How many of those got a wrong answer. */
  readonly otherAnswers: number;
}

/** How a request ended for its client; `broken`: without an answer. */
type End = "granted" | "refused" | "broken";

/** The record of one bucket. */
export class ClientBook {
  readonly bucket: string;
  readonly policy: PolicyFields;
  readonly grants: SeenGrant[] = [];
  /** Wrong answers: with a status other than 200 and 429, or with an impossible instant. */
  readonly faults: string[] = [];
  /** Tokens granted since `turnPage`. */
  receivedTokens = 0;
  /** Tokens asked for since `turnPage` by requests that were never answered. */
  underWayTokens = 0;
  /** Grants with a key since `turnPage`. */
  #keyed: KeyedGrant[] = [];
  #underWay: UnderWay[] = [];

  constructor(bucket: string, policy: PolicyFields) {
    this.bucket = bucket;
    this.policy = policy;
  }

  /** Sends a request once and records the result. */
  async ask(client: HttpClient, ask: Ask): Promise<End> {
    const sentAtMs = Date.now();
    const answer = await this.#send(client, ask);
    if (!answer) {
      this.underWayTokens += ask.tokens;
      if (ask.key !== undefined) this.#underWay.push({ ask, sentAtMs });
      return "broken";
    }
    const grant = this.#keep(answer, sentAtMs);
    if (!grant) return "refused";
    if (ask.key !== undefined) this.#keyed.push({ ask, grant });
    return "granted";
  }

  /**
   * Repeats the requests of the latest grants with a key since `turnPage`, at most `most`. Each has to return
   * the same grant and take nothing.
   */
  async askAgain(client: HttpClient, most: number): Promise<AskedAgain> {
    const last = this.#keyed.slice(-most);
    return countAgain(await Promise.all(last.map((keyed) => this.#isGivenAgain(client, keyed))));
  }

  /**
   * Repeats each request with a key that is unanswered since `turnPage`. It may have been granted without
   * its client knowing, or is treated as new. Either way it now gets its answer, and if that is a grant,
   * repeating it once more returns the same one.
   */
  async askForUnderWay(client: HttpClient): Promise<AskedAgain> {
    const settle = async ({ ask, sentAtMs }: UnderWay): Promise<boolean> => {
      const answer = await this.#send(client, ask);
      if (!answer) return false;
      this.underWayTokens -= ask.tokens;
      const grant = this.#keep(answer, sentAtMs);
      return grant ? this.#isGivenAgain(client, { ask, grant }) : answer.status === 429;
    };
    return countAgain(await Promise.all(this.#underWay.map(settle)));
  }

  /** Restarts the counts of received and unanswered requests; keeps the grants. */
  turnPage(): void {
    this.receivedTokens = 0;
    this.underWayTokens = 0;
    this.#keyed = [];
    this.#underWay = [];
  }

  /** Resolves to `undefined` if the connection ends before the answer does. */
  async #send(client: HttpClient, { tokens, timeoutMs, key }: Ask): Promise<Answer | undefined> {
    const query = `tokens=${tokens}${timeoutMs === undefined ? "" : `&timeoutMs=${timeoutMs}`}`;
    const headers = key === undefined ? {} : { "Idempotency-Key": `"${key}"` };
    try {
      return await client.request(acquirePath(this.bucket, query), { headers });
    } catch {
      return undefined;
    }
  }

  /** Records the answer to a request first sent at `sentAtMs`; returns the grant, if it is one. */
  #keep(answer: Answer, sentAtMs: number): SeenGrant | undefined {
    const { status, body, receivedAtMs } = answer;
    if (status !== 200) {
      if (status !== 429) this.faults.push(`${this.bucket}: ${JSON.stringify(body)}`);
      return undefined;
    }
    const { tokens, grantedAtMs } = grantIn(answer);
    const grant = { tokens, grantedAtMs };
    this.grants.push(grant);
    this.receivedTokens += tokens;
    // Server and clients share a clock, so no grant can pretend to be in another window.
    if (grantedAtMs < sentAtMs || grantedAtMs > receivedAtMs) {
      const times = `asked at ${sentAtMs}, granted at ${grantedAtMs}, told at ${receivedAtMs}`;
      this.faults.push(`${this.bucket}: ${times}`);
    }
    return grant;
  }

  async #isGivenAgain(client: HttpClient, { ask, grant }: KeyedGrant): Promise<boolean> {
    const answer = await this.#send(client, ask);
    if (answer?.status !== 200) return false;
    const { tokens, grantedAtMs } = grantIn(answer);
    return tokens === grant.tokens && grantedAtMs === grant.grantedAtMs;
  }
}

function countAgain(areRight: readonly boolean[]): AskedAgain {
  return { asked: areRight.length, otherAnswers: areRight.filter((isRight) => !isRight).length };
}
