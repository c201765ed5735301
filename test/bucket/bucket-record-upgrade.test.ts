/**
 * Upgrade and roll-back: states that earlier versions have written, and what those versions did with them
 * afterwards (see kit/states/recorded-case.ts). scripts/record-states.ts records those of this version, for
 * the next format.
 */
import { describe, expect, it } from "vitest";

import type { RecordedStates } from "../../kit/states/recorded-case.ts";

import { faultsOfFormat4, faultsOfKeyedGrant } from "../../kit/states/format-4.ts";
import { WRITE_MARK } from "../../kit/states/recorded-case.ts";
import { recordedTranscript, replay } from "../../kit/states/replay.ts";
import { entriesOf } from "../../src/bucket/idempotency-store.ts";
import format1 from "./states/format-1.json";
import format2 from "./states/format-2.json";
import format3 from "./states/format-3.json";
import format4 from "./states/format-4.json";
import format5 from "./states/format-5.json";
import format6 from "./states/format-6.json";
import keyedRows from "./states/keyed-rows.json";

const { cases } = format4 as unknown as RecordedStates;
const { cases: several } = format5 as unknown as RecordedStates;
const { cases: ofHolders } = format6 as unknown as RecordedStates;
const { cases: inRows } = keyedRows as unknown as RecordedStates;
const earlier = [format1, format2, format3] as unknown as RecordedStates[];

/** Versions up to format 6 deleted each grant with a key once it was forgotten; now slots are written again. */
const isDelete = (line: string): boolean => line.startsWith(`${WRITE_MARK}forgets `);

const withoutDeletes = (lines: readonly string[]): readonly string[] =>
  lines.filter((line) => !isDelete(line));

/** What the clock is notified of; versions that wrote formats 1 to 3 had no such clock. */
const isOfClock = (line: string): boolean => line.startsWith("not before ");

describe.each(earlier)("states of format $format", ({ cases: early }) => {
  it.each(early)("are read: $name, answered as by the version that wrote it", async (recorded) => {
    const { answers, records } = await replay(recorded);
    const expected = recordedTranscript(recorded).answers;
    expect(answers.filter((line) => !isOfClock(line))).toEqual(expected);
    expect(records.flatMap(faultsOfFormat4)).toEqual([]);
  });
});

describe.each(cases)("a state of format 4, $name,", (recorded) => {
  it("is read, and every call is answered as by the version that wrote it", async () => {
    const { answers } = await replay(recorded);
    expect(answers).toEqual(recordedTranscript(recorded).answers);
  });

  // Format 4, for as long as a bucket has one limit, of the kind that versions of format 4 know.
  it("is written in the oldest format that can hold it, so that the version before can read it", async () => {
    const { records, stored } = await replay(recorded);
    expect(records.flatMap(faultsOfFormat4)).toEqual([]);
    // It doesn't read those in rows, which say the same.
    const rows = Object.values(stored.keyedRows ?? {}).map((row) => JSON.stringify(row));
    const inRows = rows.flatMap(entriesOf).map(([, keyed]) => keyed);
    const keyed = [...Object.values(stored.keyedGrants), ...inRows];
    expect(keyed.flatMap(faultsOfKeyedGrant)).toEqual([]);
  });

  it("is written with the same numbers and at the same instants as before", async () => {
    const { writes } = await replay(recorded);
    expect(withoutDeletes(writes)).toEqual(withoutDeletes(recordedTranscript(recorded).writes));
  });
});

describe.each(several)("a state of format 5, $name,", (recorded) => {
  it("is read, and every call is answered and written as by the version that wrote it", async () => {
    const { answers, writes } = await replay(recorded);
    expect(answers).toEqual(recordedTranscript(recorded).answers);
    expect(withoutDeletes(writes)).toEqual(withoutDeletes(recordedTranscript(recorded).writes));
  });

  it("is written in format 4 as soon as that can hold it", async () => {
    const { records } = await replay(recorded);
    for (const record of records as { format: number; policy: object }[]) {
      const isOfOne = !("limits" in record.policy) && !("every" in record.policy);
      expect(record.format).toBe(isOfOne ? 4 : 5);
      if (isOfOne) expect(faultsOfFormat4(record)).toEqual([]);
    }
  });
});

describe.each(ofHolders)("a state of format 6, $name,", (recorded) => {
  it("is read, and every call is answered and written as by the version that wrote it", async () => {
    const { answers, writes, records } = await replay(recorded);
    expect(answers).toEqual(recordedTranscript(recorded).answers);
    expect(withoutDeletes(writes)).toEqual(withoutDeletes(recordedTranscript(recorded).writes));
    for (const record of records as { format: number }[]) expect(record.format).toBe(6);
  });
});

describe.each(inRows)("a state with keyed grants in rows, $name,", (recorded) => {
  it("is read, and every call is answered and written as by the version that wrote it", async () => {
    const { answers, writes } = await replay(recorded);
    const expected = recordedTranscript(recorded);
    expect(answers).toEqual(expected.answers);
    expect(writes).toEqual(expected.writes);
  });
});

describe("faultsOfFormat4", () => {
  const policy = {
    capacity: 10,
    refillTokens: 1,
    refillIntervalMs: 1_000,
    initialTokens: 1,
    queueLimit: 5,
    maxWaitMs: 100,
  };
  const bucket = {
    startedAtMs: 1_000,
    tick: 3,
    tokens: 2,
    leased: [{ untilMs: 5_000, tokens: 8 }],
  };
  const limiter = { bucket, granted: 1, refused: 0, cancelled: 0 };
  const record = { format: 4, name: "x", policyName: "*", policy, isOverridden: false, limiter };

  it("finds nothing wrong with what those versions wrote", () => {
    expect(faultsOfFormat4(record)).toEqual([]);
    for (const { stored } of cases) expect(faultsOfFormat4(stored.record)).toEqual([]);
  });

  it("finds nothing wrong with what those versions don't look at", () => {
    const later = { forgetAfterMs: 60_000, override: { atMs: 1_000, note: "why" } };
    const forgotten = { ...limiter, forgetAtMs: 9_000 };
    expect(faultsOfFormat4({ ...record, ...later, limiter: forgotten })).toEqual([]);
  });

  it.each<[string, object]>([
    ["forgetAfterMs in the policy", { ...record, policy: { ...policy, forgetAfterMs: 60_000 } }],
    ["another format", { ...record, format: 5 }],
    ["several limits", { ...record, limiter: { ...limiter, limits: [] } }],
    ["a count that is missing", { ...record, limiter: { bucket, granted: 1, refused: 0 } }],
    ["an unknown member of the policy", { ...record, policy: { ...policy, limits: {} } }],
    ["half a lease", { ...record, policy: { ...policy, lease: { ttlMs: 1_000 } } }],
    ["too many initial tokens", { ...record, policy: { ...policy, initialTokens: 11 } }],
    ["half a token", { ...record, limiter: { ...limiter, bucket: { ...bucket, tokens: 0.5 } } }],
    ["too many tokens", { ...record, limiter: { ...limiter, bucket: { ...bucket, tokens: 3 } } }],
    ["a tick below 0", { ...record, limiter: { ...limiter, bucket: { ...bucket, tick: -1 } } }],
    [
      "leases out of order",
      {
        ...record,
        limiter: {
          ...limiter,
          bucket: {
            ...bucket,
            leased: [...bucket.leased, { untilMs: 4_000, tokens: 1 }],
            tokens: 1,
          },
        },
      },
    ],
  ])("finds %s", (_, broken) => {
    expect(faultsOfFormat4(broken)).toHaveLength(1);
  });
});
