/**
 * What the clients of one bucket hold in their hands: the only account of a bucket that no crash of
 * the server can falsify.
 */
import type { PolicyFields } from "../src/core/policy.ts";
import type { Answer, HttpClient } from "../kit/http/http-connection.ts";
import type { SeenGrant } from "../kit/model/virtual-time.ts";

import { acquirePath, grantIn } from "../kit/http/callers.ts";

interface Ask {
  readonly tokens: number;
  /** Left out: as long as the policy lets it wait. */
  readonly timeoutMs?: number | undefined;
  /** Sent as `Idempotency-Key`; of this bucket, no two have the same. */
  readonly key?: string | undefined;
}

/** A request with a key, sent at this instant, that was not answered. */
interface UnderWay {
  readonly ask: Ask;
  readonly sentAtMs: number;
}

/** A request with a key, and the grant that its client was told. */
interface KeyedGrant {
  readonly ask: Ask;
  readonly grant: SeenGrant;
}

/** What came of asking again with the same keys. */
export interface AskedAgain {
  readonly asked: number;
  /** Of those, how many got an answer that they must not get. */
  readonly otherAnswers: number;
}

/** How a request ended for its client; `broken` is without an answer. */
type End = "granted" | "refused" | "broken";

/** One bucket's book. */
export class ClientBook {
  readonly bucket: string;
  readonly policy: PolicyFields;
  readonly grants: SeenGrant[] = [];
  /** Answers that must not be: of another status than 200 and 429, or with an instant that is not true. */
  readonly faults: string[] = [];
  /** Tokens granted since `turnPage`. */
  receivedTokens = 0;
  /** Tokens asked for since `turnPage` by requests that were never answered. */
  underWayTokens = 0;
  /** Since `turnPage`, those with a key. */
  #keyed: KeyedGrant[] = [];
  #underWay: UnderWay[] = [];

  constructor(bucket: string, policy: PolicyFields) {
    this.bucket = bucket;
    this.policy = policy;
  }

  /** Asks once and writes down what comes of it. */
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
   * Asks again for the last grants with a key that were told since `turnPage`, `most` at most. Each has
   * to be the same grant, and takes nothing.
   */
  async askAgain(client: HttpClient, most: number): Promise<AskedAgain> {
    const last = this.#keyed.slice(-most);
    return countAgain(await Promise.all(last.map((keyed) => this.#isGivenAgain(client, keyed))));
  }

  /**
   * Asks again with each key that was under way since `turnPage`. It was granted unheard or is a request
   * like any other: the answer settles it, and a grant is the same when it is asked for once more.
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

  /** Counts anew what is received and what is under way; the grants stay. */
  turnPage(): void {
    this.receivedTokens = 0;
    this.underWayTokens = 0;
    this.#keyed = [];
    this.#underWay = [];
  }

  /** Resolves to nothing where the connection ends before the answer has. */
  async #send(client: HttpClient, { tokens, timeoutMs, key }: Ask): Promise<Answer | undefined> {
    const query = `tokens=${tokens}${timeoutMs === undefined ? "" : `&timeoutMs=${timeoutMs}`}`;
    const headers = key === undefined ? {} : { "Idempotency-Key": `"${key}"` };
    try {
      return await client.request(acquirePath(this.bucket, query), { headers });
    } catch {
      return undefined;
    }
  }

  /** Writes down a first answer to what was asked first at `sentAtMs`; returns the grant, if it is one. */
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
    // Server and clients read one clock, so no grant can be moved out of a window where it is too much.
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
