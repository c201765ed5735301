/**
 * What a caller asks of a bucket. It has one shape all the way: the Worker reads it from a query, a body or a
 * call by RPC, the wire carries it, and the object's host turns it into a waiter.
 */
import type { HoldTerms } from "./policy-tables.ts";
import type { FieldFault, Range } from "./values.ts";

import { isPlainObject } from "./is-record.ts";
import { LIMIT_NAME, LIMIT_NAME_RULE } from "./limits/limit-name.ts";
import { integerFault, isIntegerWithin, showValue } from "./values.ts";

/** What a caller asks of a bucket. */
export interface Ask {
  /**
   * Tokens of every limit that `limits` doesn't name, at least 0. Whether the bucket can hold that many is up
   * to the bucket.
   */
  readonly tokens: number;
  /** Tokens of single limits, at least 0 each, by the limit's name; absent if there are none. */
  readonly limits?: Readonly<Record<string, number>>;
  /** The longest wait, 0 to an hour; absent if the caller leaves it to the policy. */
  readonly timeoutMs?: number;
  /**
   * How long to hold the tokens for settling, 1,000 to an hour; absent for a grant that is spent at once.
   * Whether the bucket allows a hold, and for how long, is up to its policy: see `holdFaults`.
   */
  readonly holdMs?: number;
  /** Requests with the same key for the same bucket get the same grant. 1 to 255 printable ASCII characters. */
  readonly idempotencyKey?: string;
  /** The ticket of an earlier request for the same, whose place it takes. */
  readonly ticket?: string;
  /** What the caller calls itself, for operators who look at the queue. Two asks that differ in it ask for the same. */
  readonly label?: string;
}

/**
 * What is wrong with an ask that code passes in, as far as it can be told without the bucket's limits: a number
 * or a name that isn't one, or 0 of everything. `undefined` stands for the default.
 *
 * @param max The most tokens of one limit. What a limit can hold at most, only its bucket knows.
 */
export function askedTokensFaults(
  { tokens = 1, limits }: Readonly<Record<string, unknown>>,
  max: number = Number.MAX_SAFE_INTEGER,
): FieldFault[] {
  const named = isPlainObject(limits) ? Object.entries(limits) : [];
  const isSomeNamed = named.some(([, count]) => count !== 0);
  const range = { min: isSomeNamed ? 0 : 1, max };
  return [
    ...(isIntegerWithin(tokens, range)
      ? []
      : [tokensFault("tokens", tokens, range, "limits.NAME")]),
    ...(limits === undefined || isPlainObject(limits) ? [] : [limitsFault(limits)]),
    ...named.flatMap(([name, count]) => limitTokensFaults(name, count, max)),
  ];
}

/**
 * What is wrong with the tokens of every limit. 0 of them is legal beside some of a single limit.
 *
 * @param ofOne How the caller asks for tokens of a single limit, such as `tokens.NAME`.
 */
export function tokensFault(
  field: string,
  tokens: unknown,
  range: Range,
  ofOne: string,
): FieldFault {
  if (tokens !== 0) return integerFault(field, tokens, range);
  const message = `${field} must be at least 1, unless ${ofOne} asks for at least 1 of a limit: got 0`;
  return { field, message };
}

/** What is wrong with an ask's `holdMs` for a bucket whose policy has these terms of holds, or none. */
export function holdFaults(
  hold: HoldTerms | undefined,
  { holdMs }: Pick<Ask, "holdMs">,
): FieldFault[] {
  return holdMs === undefined ? [] : holdMsFaults("holdMs", holdMs, hold);
}

/** What is wrong with a field that says how long a hold lasts, in milliseconds. */
export function holdMsFaults(
  field: string,
  holdMs: number,
  hold: HoldTerms | undefined,
): FieldFault[] {
  if (!hold) {
    const message = `${field} needs a policy with hold, such as hold = { max = "10m" }: got ${holdMs}`;
    return [{ field, message }];
  }
  if (holdMs <= hold.maxMs) return [];
  const message = `${field} must be at most the policy's hold.maxMs, ${hold.maxMs}: got ${holdMs}`;
  return [{ field, message }];
}

function limitsFault(limits: unknown): FieldFault {
  const message = `limits must be an object of tokens by the limit's name: got ${showValue(limits)}`;
  return { field: "limits", message };
}

function limitTokensFaults(name: string, tokens: unknown, max: number): FieldFault[] {
  const field = `limits.${name}`;
  if (!LIMIT_NAME.test(name)) {
    const message = `A limit's name must be ${LIMIT_NAME_RULE}: got ${showValue(name)}`;
    return [{ field, message }];
  }
  const range = { min: 0, max };
  return isIntegerWithin(tokens, range) ? [] : [integerFault(field, tokens, range)];
}
