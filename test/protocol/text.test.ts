import { describe, expect, it } from "vitest";

import { parseFieldList } from "../../src/client/fields/field-list.ts";
import { asciiJson, fieldString, jsonText } from "../../src/protocol/text.ts";

describe("fieldString", () => {
  it.each([
    ["", '""'],
    ["login:*", '"login:*"'],
    ['say "hi"', String.raw`"say \"hi\""`],
    ["a\\b", String.raw`"a\\b"`],
  ])("%j is written as %s, and read back as it was", (text, written) => {
    expect(fieldString(text)).toBe(written);
    expect(parseFieldList(written)[0]?.name).toBe(text);
  });
});

describe("asciiJson", () => {
  it.each(["plain", "Ω", "😀", "\u2028", "\ud800"])("%j is read back as it was", (text) => {
    const ascii = asciiJson(JSON.stringify({ text }));
    expect(ascii).toMatch(/^[ -~]*$/);
    expect(JSON.parse(ascii)).toEqual({ text });
  });
});

describe("jsonText", () => {
  it("is one line, whatever its strings hold", () => {
    const text = jsonText({ a: 'two\nlines, "quoted"', b: [1] });
    expect(text).toBe('{"a":"two\\nlines, \\"quoted\\"","b":[1]}\n');
  });
});
