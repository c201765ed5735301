/** One quota of LLM tokens, kept in several ways: what is taken before a call, and what becomes of it afterwards. */
import { setTimeout as sleep } from "node:timers/promises";

import { RateLimiterMemory, RateLimiterRes } from "rate-limiter-flexible";

import type { ModelCall } from "./calls.ts";

import { createTokenBucketFilter } from "../../src/local/index.ts";

/** A quota of so many tokens a second. */
export interface Quota {
  readonly perSecond: number;
}

/** A quota in use. */
interface OpenQuota {
  /** Resolves when the call may start, with what is to be done once it has answered. */
  take(call: ModelCall): Promise<() => unknown>;
  /** Resolves with the tokens that the quota has given since it was opened: what came in, less what is there. */
  given(): number | Promise<number>;
  close?(): void;
}

export interface Contender {
  readonly name: string;
  /** What is called, in Markdown. */
  readonly how: string;
  open(quota: Quota): OpenQuota;
}

const KEY = "quota";
/** How often tokens come in, for Sluice: as good as always, next to calls that take 50 ms and more. */
const TICK_MS = 10;
const SECOND_MS = 1_000;

/** A filter that holds what comes in within a second, and is empty at first. */
class Filter {
  readonly #filter: ReturnType<typeof createTokenBucketFilter>;
  readonly #refillTokens: number;
  /** `undefined` before it has started. */
  #firstTickAtMs: number | undefined = undefined;

  constructor({ perSecond }: Quota) {
    this.#refillTokens = (perSecond * TICK_MS) / SECOND_MS;
    this.#filter = createTokenBucketFilter({
      capacity: perSecond,
      refillTokens: this.#refillTokens,
      refillIntervalMs: TICK_MS,
      initialTokens: 0,
      maxWaitMs: 60_000,
      hold: { maxMs: 60_000 },
    });
  }

  async take(tokens: number, holdMs?: number): Promise<string> {
    const asked = this.#filter.getToken({ tokens, ...(holdMs !== undefined && { holdMs }) });
    this.#firstTickAtMs ??= this.#filter.inspect().nextTickAtMs;
    const outcome = await asked;
    if (!outcome.ok) throw new Error(`Refused: ${outcome.reason}`);
    return outcome.hold?.id ?? "";
  }

  settle(id: string, used: number): void {
    this.#filter.settleHold(id, used);
  }

  given(): number {
    const { nextTickAtMs, tokens, owedTokens } = this.#filter.inspect();
    const ticks = (nextTickAtMs - (this.#firstTickAtMs ?? nextTickAtMs)) / TICK_MS;
    return ticks * this.#refillTokens - tokens + (owedTokens?.["rate"] ?? 0);
  }

  close(): void {
    this.#filter.close();
  }
}

/** A filter whose callers take what `estimate` says. @param settle What to do with the hold, or the rest. */
function filterContender(
  name: string,
  how: string,
  estimate: "upper" | "usual",
  after: "hold" | "rest" | "nothing",
): Contender {
  return {
    name,
    how,
    open(quota) {
      const filter = new Filter(quota);
      return {
        async take(call) {
          const tokens = call[estimate];
          const id = await filter.take(tokens, after === "hold" ? 60_000 : undefined);
          return () => {
            if (after === "hold") filter.settle(id, call.used);
            const rest = call.used - tokens;
            return after === "rest" && rest > 0 ? filter.take(rest) : undefined;
          };
        },
        given: () => filter.given(),
        close: () => filter.close(),
      };
    },
  };
}

/** A limiter that refuses, whose callers try again when it says. */
function flexibleContender(name: string, how: string, estimate: "upper" | "usual"): Contender {
  return {
    name,
    how,
    open({ perSecond }) {
      const limiter = new RateLimiterMemory({ points: perSecond, duration: 1 });
      let windows = 0;
      const consume = async (tokens: number): Promise<void> => {
        for (;;) {
          try {
            const { isFirstInDuration } = await limiter.consume(KEY, tokens);
            if (isFirstInDuration) windows += 1;
            return;
          } catch (refusal) {
            if (!(refusal instanceof RateLimiterRes)) throw refusal;
            await sleep(refusal.msBeforeNext);
          }
        }
      };
      return {
        async take(call) {
          const tokens = call[estimate];
          await consume(tokens);
          return () => {
            const over = call.used - tokens;
            return over > 0 ? limiter.penalty(KEY, over) : limiter.reward(KEY, -over);
          };
        },
        async given() {
          const now = await limiter.get(KEY);
          return windows * perSecond - Math.max(0, now?.remainingPoints ?? 0);
        },
      };
    },
  };
}

/** In the order of the table. */
export const contenders: readonly Contender[] = [
  filterContender(
    "Sluice, holds of the most",
    "a hold of the input and `max_tokens`, settled with what was used",
    "upper",
    "hold",
  ),
  filterContender(
    "Sluice, holds of the usual",
    "a hold of the input and a usual answer, settled with what was used; the rest is a debt",
    "usual",
    "hold",
  ),
  filterContender(
    "Sluice, the most",
    "the input and `max_tokens` are taken, and nothing comes back",
    "upper",
    "nothing",
  ),
  filterContender(
    "Sluice, the usual",
    "the input and a usual answer are taken, and no more",
    "usual",
    "nothing",
  ),
  filterContender(
    "Sluice, the rest afterwards",
    "the input and a usual answer are taken, and what was used beyond that is taken afterwards",
    "usual",
    "rest",
  ),
  flexibleContender(
    "rate-limiter-flexible, the most",
    "`consume` for the input and `max_tokens`, trying again after `msBeforeNext`; `reward` afterwards",
    "upper",
  ),
  flexibleContender(
    "rate-limiter-flexible, the usual",
    "`consume` for the input and a usual answer, trying again after `msBeforeNext`; `penalty` or `reward` afterwards",
    "usual",
  ),
];
