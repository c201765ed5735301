import { describe, expect, it } from "vitest";

import { readBusyParams } from "../../../src/worker/http/busy-params.ts";
import { queryOf } from "../../../src/worker/http/query.ts";

function read(query: string) {
  return readBusyParams(queryOf(`http://sluice/buckets?${query}`));
}

describe("readBusyParams", () => {
  it.each([
    ["", { prefix: "", sort: "waiters", limit: 100, hasRecent: false }],
    ["prefix=&sort=name&limit=1", { prefix: "", sort: "name", limit: 1, hasRecent: false }],
    ["prefix=007&recent=true", { prefix: "007", sort: "waiters", limit: 100, hasRecent: true }],
    ["prefix=team%2F&sort=refused&limit=1000&recent=false", { prefix: "team/", limit: 1_000 }],
  ])("reads %j", (query, params) => {
    expect(read(query)).toMatchObject({ ok: true, params });
  });

  it.each([
    [
      "prefix=%23",
      'prefix must be empty or 1 to 128 characters of A-Z a-z 0-9 . _ : @ / -: got "#"',
    ],
    ["sort=tokens", 'sort must be one of waiters, granted, refused, name: got "tokens"'],
    ["limit=0", "limit must be an integer from 1 to 1000: got 0"],
    ["limit=1001", "limit must be an integer from 1 to 1000: got 1001"],
    ["limit=", 'limit must be an integer from 1 to 1000: got ""'],
    ["recent=1", 'recent must be "true" or "false": got "1"'],
    ["sort=name&sort=granted", "sort is given 2 times"],
  ])("refuses %j", (query, message) => {
    const asked = read(query);
    expect(asked).toEqual({ ok: false, errors: [{ field: query.split("=")[0], message }] });
  });

  it("finds all faults at once", () => {
    const asked = read("prefix=*&sort=x&limit=x&recent=x");
    expect(!asked.ok && asked.errors.map(({ field }) => field)).toEqual([
      "prefix",
      "sort",
      "recent",
      "limit",
    ]);
  });
});
