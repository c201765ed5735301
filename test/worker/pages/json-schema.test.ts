import { describe, expect, it } from "vitest";

import {
  countSchema,
  fieldSchemas,
  instantSchema,
  integerSchema,
  objectSchema,
} from "../../../src/worker/pages/json-schema.ts";

describe("objectSchema", () => {
  const count = countSchema("How many");

  it("requires all members but the optional ones", () => {
    const schema = objectSchema<{ one: number; two?: number }>(
      { one: count, two: count },
      { two: true },
    );
    expect(schema).toEqual({
      type: "object",
      properties: { one: count, two: count },
      required: ["one"],
    });
  });

  it("has no list of required members if there are none", () => {
    const schema = objectSchema<{ two?: number }>({ two: count }, { two: true });
    expect(Object.keys(schema)).toEqual(["type", "properties"]);
  });
});

describe("fieldSchemas", () => {
  it("is a schema of each field, with its range and its words, in the order of the table", () => {
    const schemas = fieldSchemas(
      { size: { min: 1, max: 9 }, delayMs: { min: 0, max: 5, default: 3 } },
      {
        delayMs: { unit: "milliseconds", description: "How late" },
        size: { unit: "tokens", description: "How large" },
      },
    );
    expect(Object.entries(schemas)).toEqual([
      ["size", integerSchema({ min: 1, max: 9 }, "How large")],
      ["delayMs", integerSchema({ min: 0, max: 5 }, "How late")],
    ]);
  });
});

it.each([
  [
    integerSchema({ min: 1, max: 9 }, "Some"),
    { type: "integer", minimum: 1, maximum: 9, description: "Some" },
  ],
  [countSchema("Some"), { type: "integer", minimum: 0, description: "Some" }],
  [
    instantSchema("The end"),
    { type: "integer", format: "int64", description: "The end, epoch milliseconds" },
  ],
])("a number's schema: %j", (schema, expected) => {
  expect(schema).toEqual(expected);
});
