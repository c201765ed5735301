import { describe, expect, it } from "vitest";

import { readCorsOrigins } from "../../../src/worker/config/cors-origins.ts";

describe("readCorsOrigins", () => {
  it.each<[unknown, "*" | readonly string[]]>([
    [undefined, []],
    ["", []],
    [" \n ", []],
    ["*", "*"],
    ["https://a.test", ["https://a.test"]],
    [" https://a.test\n\thttp://localhost:3000 ", ["https://a.test", "http://localhost:3000"]],
    ["http://[::1]:8787", ["http://[::1]:8787"]],
  ])("reads %j", (value, origins) => {
    expect(readCorsOrigins(value)).toEqual(origins);
  });

  it.each([
    ["https://a.test *", '"*"'],
    ["a.test", '"a.test"'],
    ["https://a.test/", '"https://a.test/"'],
    ["https://A.test", '"https://A.test"'],
    ["https://a.test:443", '"https://a.test:443"'],
    ["https://*.a.test", '"https://*.a.test"'],
    ["file://x", '"file://x"'],
    ["null", '"null"'],
  ])("refuses %j, and shows the origin", (value, shown) => {
    expect(() => readCorsOrigins(value)).toThrow(
      `CORS_ORIGINS must be origins like "https://example.com", or "*" alone: got ${shown}`,
    );
  });

  it("refuses a value that is not text", () => {
    expect(() => readCorsOrigins(1)).toThrow("CORS_ORIGINS must be text: got 1");
  });
});
