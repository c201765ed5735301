import * as fc from "fast-check";
import { describe, expect, test } from "vitest";

import type { Standing } from "../../../src/core/queue/arrival-order.ts";
import type { SavedPlace } from "../../../src/bucket/sessions/saved-places.ts";

import { decodePlaces, encodePlaces } from "../../../src/bucket/sessions/saved-places.ts";

const NOW_MS = 1_795_425_904_000;

const anyCount = fc.oneof(fc.nat(3), fc.integer({ min: 1, max: 1_000_000_000 }));
const anyInstant = fc.oneof(
  fc.integer({ min: NOW_MS - 7_200_000, max: NOW_MS + 7_200_000 }),
  // As the Worker puts arrivals of one millisecond in order.
  fc.integer({ min: 0, max: 1_000_000 }).map((micros) => NOW_MS + micros / 1_000),
);
const anyId = fc.oneof(
  fc.nat(5_000),
  fc.maxSafeInteger(),
  fc.string({ maxLength: 64, unit: "binary" }),
);
const anyPlaceId = fc.oneof(
  fc.nat(3_000).map((number) => `0a1b2c3d4e5f.${number}`),
  fc.tuple(fc.string(), fc.nat()).map(([instance, number]) => `${instance}.${number}`),
  fc.string(),
);
const { standing: anyStanding } = fc.letrec<{ standing: Standing }>((tie) => ({
  standing: fc.record(
    {
      queuedAtMs: anyInstant,
      arrivalNumber: fc.nat(100_000),
      behindLater: fc.option(tie("standing"), { nil: undefined, maxDepth: 3 }),
    },
    { requiredKeys: ["queuedAtMs"] },
  ),
}));

const anyAsk = fc
  .record(
    {
      tokens: anyCount,
      limits: fc.dictionary(fc.constantFrom("rate", "tpm", "daily-total"), anyCount),
      holdMs: fc.integer({ min: 1_000, max: 3_600_000 }),
      idempotencyKey: fc.string({ minLength: 1, maxLength: 255 }),
      label: fc.oneof(fc.constantFrom("job", "0"), fc.string({ minLength: 1, unit: "grapheme" })),
      isTimeoutAsked: fc.boolean(),
    },
    { requiredKeys: ["tokens", "isTimeoutAsked"] },
  )
  .filter(({ tokens, limits }) => limits !== undefined || tokens > 0);

const anyPlace: fc.Arbitrary<SavedPlace> = fc
  .record(
    {
      id: anyId,
      asked: anyAsk,
      isFollowing: fc.boolean(),
      hasFields: fc.boolean(),
      timeoutMs: fc.constantFrom(0, 1, 60_000, 3_600_000),
      queuedAtMs: anyInstant,
      arrivalNumber: fc.oneof(fc.nat(5_000), fc.maxSafeNat()),
      lateMs: fc.constantFrom(0, 0, 0, -10_000, 250),
      behindLater: fc.option(anyStanding, { nil: undefined, freq: 2 }),
      placeId: anyPlaceId,
    },
    { noNullPrototype: true },
  )
  .map(({ asked, queuedAtMs, arrivalNumber, lateMs, timeoutMs, ...place }) => {
    const { isTimeoutAsked, ...ask } = asked;
    const deadlineAtMs = Math.floor(queuedAtMs) + timeoutMs + lateMs;
    return Object.assign(place, {
      timeoutMs,
      ask: { ...ask, ...(isTimeoutAsked && { timeoutMs }) },
      arrival: { queuedAtMs, deadlineAtMs, arrivalNumber },
    });
  });

/** As the object writes it: without members that are `undefined`. */
function plain(places: readonly SavedPlace[]): unknown {
  return JSON.parse(JSON.stringify(places));
}

/** Places of callers that ask for one token each, one after the other. */
function placesOf(count: number, more: (index: number) => Partial<SavedPlace> = () => ({})) {
  return Array.from({ length: count }, (_, index): SavedPlace => {
    const queuedAtMs = NOW_MS + index * 3;
    return {
      id: 100_000 + index,
      ask: { tokens: 1 },
      isFollowing: false,
      hasFields: false,
      timeoutMs: 60_000,
      arrival: { queuedAtMs, deadlineAtMs: queuedAtMs + 60_000, arrivalNumber: 5_000 + index },
      ...more(index),
    };
  });
}

describe("encodePlaces and decodePlaces", () => {
  test("are each other's inverse", () => {
    let written = 0;
    fc.assert(
      fc.property(fc.array(anyPlace, { maxLength: 30 }), (places) => {
        const text = encodePlaces(places);
        expect(text).toMatch(/^[ -~]*$/);
        const read = decodePlaces(text);
        expect(plain(read ?? [])).toEqual(plain(places));
        written += places.length;
      }),
      { numRuns: 300 },
    );
    expect(written).toBeGreaterThan(1_000);
  });

  test.each([
    ["ids that count up", 8.2, false, false],
    ["tickets", 12.2, true, false],
    ["keys", 47.2, false, true],
    ["keys and tickets", 49.2, true, true],
  ])("take so many bytes a place, with %s: %d", (_, bytes, hasTickets, hasKeys) => {
    const places = placesOf(1_000, (index) => ({
      ...(hasTickets && { placeId: `0a1b2c3d4e5f.${index + 7}` }),
      ...(hasKeys && { ask: { tokens: 1, idempotencyKey: crypto.randomUUID() } }),
    }));
    expect(encodePlaces(places).length / places.length).toBeLessThanOrEqual(bytes);
  });

  test("take a place's terms again only if they change", () => {
    const [one, two] = placesOf(2, (index) => ({
      ask: index === 0 ? { tokens: 1 } : { tokens: 0, limits: { tpm: 7 }, holdMs: 5_000 },
    }));
    if (!one || !two) throw new Error("There are two places");
    expect(encodePlaces([one, two])).toBe(
      `[1,[100000,${NOW_MS},5000,0,0,1,60000],[1,3,1,0,0,{"":0,"tpm":7},60000,0,0,5000]]`,
    );
    expect(encodePlaces([])).toBe("[1]");
  });
});

test.each([
  ["nothing", ""],
  ["no JSON", "[1,[7"],
  ["no list", '{"1":[]}'],
  ["another version", "[2,[7,1795425904000,1,0,0,1,60000]]"],
  ["a place that is no list", "[1,7]"],
  ["no terms", "[1,[7,1795425904000,1]]"],
  ["an id that isn't an integer", "[1,[0.5,1795425904000,1,0,0,1,60000]]"],
  ["an instant that isn't a number", '[1,[7,"now",1,0,0,1,60000]]'],
  ["tokens that aren't", "[1,[7,1795425904000,1,0,0,null,60000]]"],
  ["tokens below 1", "[1,[7,1795425904000,1,0,0,0,60000]]"],
  ["negative tokens of a limit", '[1,[7,1795425904000,1,0,0,{"":0,"tpm":-1},60000]]'],
  ["a negative timeout", "[1,[7,1795425904000,1,0,0,1,-5]]"],
  ["a key that isn't a text", "[1,[7,1795425904000,1,5,0,1,60000]]"],
  ["a ticket that is neither", "[1,[7,1795425904000,1,0,true,1,60000]]"],
  ["a standing that isn't one", "[1,[7,1795425904000,1,0,0,1,60000,0,0,0,5]]"],
])("decodePlaces finds nothing to read in %s", (_, text) => {
  expect(decodePlaces(text)).toBeUndefined();
});

test("decodePlaces throws at no text", () => {
  const pieces = ["[", "]", "1", "-1", "0", ",", '"a"', "{", "}", "null", "[1,", '{"":1}', "60000"];
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.json(),
        fc.array(fc.constantFrom(...pieces)).map((all) => all.join("")),
      ),
      (text) => {
        decodePlaces(text);
      },
    ),
    { numRuns: 1_000 },
  );
});
