import { describe, expect, it } from "vitest";

import { queryReader, readListLimit } from "../../../src/worker/http/list-params.ts";

describe("readListLimit", () => {
  it.each([
    [{}, 100],
    [{ limit: ["1"] }, 1],
    [{ limit: ["1000"] }, 1_000],
  ])("reads %j as %i", (query, limit) => {
    const reader = queryReader(query);
    expect(readListLimit(reader)).toBe(limit);
    expect(reader.faults).toEqual([]);
  });

  it.each([["0"], ["1001"], ["ten"], [""], ["1", "1"]])("notes a fault of %j", (...limit) => {
    const reader = queryReader({ limit });
    readListLimit(reader);
    expect(reader.faults).toMatchObject([{ field: "limit" }]);
  });
});
