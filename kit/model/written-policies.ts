/** Policies as people write them, drawn at random. */
import * as fc from "fast-check";

const anyOf = (...values: unknown[]) => fc.constantFrom(...values);

const anyLimit = fc.oneof(
  fc.record(
    { limit: anyOf("100/1m", "5/1s", "1000/2.5h"), burst: anyOf(1, 4) },
    { requiredKeys: ["limit"] },
  ),
  fc.record(
    {
      capacity: anyOf(1, 1_000_000_000),
      refillTokens: anyOf(1, 10),
      refillIntervalMs: anyOf(10, 86_400_000),
      refillInterval: anyOf("1s", "1d"),
      initialTokens: anyOf(0, 1),
    },
    { requiredKeys: ["capacity", "refillTokens"] },
  ),
  fc.record(
    {
      capacity: anyOf(1, 10),
      every: anyOf("hour", "day", "week", "month"),
      on: anyOf("monday", 1, 28),
      at: anyOf("06:00", "23:59"),
      timeZone: anyOf("UTC", "Europe/Berlin", "Etc/GMT+5"),
      initialTokens: anyOf(0, 1),
    },
    { requiredKeys: ["capacity", "every"] },
  ),
);

const options = {
  queueLimit: anyOf(0, 10_000),
  maxWaitMs: anyOf(0, 3_600_000),
  maxWait: anyOf("0ms", "1h", "1.5s"),
  forgetAfterMs: anyOf(60_000, 2_592_000_000),
  forgetAfter: anyOf("1m", "30d"),
  lease: anyOf(null, { maxTokens: 1, ttl: "1s" }, { maxTokens: 1, ttlMs: 100 }),
  hold: anyOf(null, { max: "1m" }, { maxMs: 1_000, debt: "front" }),
  concurrency: anyOf(null, { max: 1, ttl: "1s" }, { max: 1, ttlMs: 1_000, grace: "2s" }),
  limits: fc.oneof(
    fc.constant(null),
    fc.constant({}),
    fc.dictionary(fc.constantFrom("day", "tpm"), anyLimit, { maxKeys: 2 }),
  ),
};

const anyOptions = fc
  .subarray(Object.entries(options), { maxLength: 3 })
  .chain((some) => fc.record(Object.fromEntries(some)));

/** A policy of any kind. Each field by itself is legal; many of the combinations aren't. */
export const anyWrittenPolicy: fc.Arbitrary<Record<string, unknown>> = fc
  .tuple(anyLimit, anyOptions)
  .map(([limit, others]) => Object.assign({}, limit, others));
