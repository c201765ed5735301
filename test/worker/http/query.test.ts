import { expect, it } from "vitest";

import { queryOf } from "../../../src/worker/http/query.ts";

it.each([
  ["https://sluice.test/x", {}],
  ["https://sluice.test/x?", {}],
  ["https://sluice.test/x?a=1&b=2&a=3", { a: ["1", "3"], b: ["2"] }],
  ["https://sluice.test/x?a=%2F+%zz&%61=b#c", { a: ["/ %zz", "b"] }],
  ["https://sluice.test/x?a&=b&__proto__=c", { a: [""], ["__proto__"]: ["c"] }],
])("queryOf reads the parameters of %s", (url, query) => {
  expect(Object.entries(queryOf(url))).toEqual(Object.entries(query));
});
