import { expect, it } from "vitest";

import { jsonText } from "../../src/protocol/json-text.ts";

it("jsonText is one line, whatever its strings hold", () => {
  const text = jsonText({ a: 'two\nlines, "quoted"', b: [1] });
  expect(text).toBe('{"a":"two\\nlines, \\"quoted\\"","b":[1]}\n');
});
