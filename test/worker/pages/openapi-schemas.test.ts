import { describe, expect, it } from "vitest";

import type { Schema } from "../../../src/worker/pages/json-schema.ts";

import { tokenBucketFields } from "../../../src/core/limits/token-bucket-fields.ts";
import { queueFields } from "../../../src/core/policy.ts";
import { compileChanges } from "../../../src/core/written-policy.ts";
import { acquireFields, bodies } from "../../../src/worker/pages/openapi-schemas.ts";

/** Every member of an object that `schema` describes, by its path. */
function membersOf(schema: Schema, path: string): [path: string, member: Schema][] {
  const { properties = {}, items, anyOf = [] } = schema;
  const own = Object.entries(properties).flatMap(([name, member]) => {
    const pair: [string, Schema] = [`${path}.${name}`, member];
    return [pair].concat(membersOf(member, pair[0]));
  });
  const parts = [...(items ? [items] : []), ...anyOf];
  return [...own, ...parts.flatMap((part) => membersOf(part, path))];
}

const members = Object.entries(bodies).flatMap(([name, body]) => membersOf(body, name));

describe("bodies", () => {
  it("describe each member, unless its schema says all there is", () => {
    const silent = members.filter(([, { description, $ref, const: only, properties }]) => {
      return description === undefined && !$ref && only === undefined && !properties;
    });
    expect(silent.map(([path]) => path)).toEqual([]);
  });

  it("refer to bodies that exist", () => {
    const references = members.flatMap(([, { $ref }]) => ($ref === undefined ? [] : [$ref]));
    expect(references).toContain("#/components/schemas/Snapshot");
    for (const reference of references) {
      expect(Object.keys(bodies)).toContain(reference.replace("#/components/schemas/", ""));
    }
  });

  it("have the bounds that requests are checked against", () => {
    const { min, max } = tokenBucketFields.capacity;
    const [, capacity] = members.find(([path]) => path === "PolicyChange.capacity") ?? [];
    expect(capacity).toMatchObject({ minimum: min, maximum: max });
    expect(acquireFields.timeoutMs).toMatchObject({
      minimum: 0,
      maximum: queueFields.maxWaitMs.max,
    });
  });

  it("take the human units that a change is checked against", () => {
    const patternOf = (path: string) => {
      const [, member] = members.find(([name]) => name === `PolicyChange.${path}`) ?? [];
      return new RegExp(member?.pattern ?? "no such member");
    };
    // Durations within each of the ranges: a pattern says nothing of those.
    const durations = ["15s", "0.25m", "250ms", "30", "1w", "1 s", " 1s"];
    const texts = [...durations, "100/1m", "5/1s ", "x5/1s", ""];
    for (const text of texts) {
      // Out of range is another fault, which the pattern doesn't show.
      const isOfForm = (change: object) => {
        const { faults } = compileChanges({ ...change });
        return faults.every(({ message }) => !message.includes("with a unit of"));
      };
      expect(patternOf("limit").test(text)).toBe(isOfForm({ limit: text }));
      for (const name of ["refillInterval", "maxWait"]) {
        expect(patternOf(name).test(text)).toBe(isOfForm({ [name]: text }));
      }
      const lease = { maxTokens: 1, ttl: text };
      expect(patternOf("lease.ttl").test(text)).toBe(isOfForm({ lease }));
    }
  });
});
