import { expect, it } from "vitest";

import { COMMON_FIELDS } from "../../src/answers/common-fields.ts";
import { jsonResponse } from "../../src/answers/json-response.ts";

it("jsonResponse is the body on a line, with the fields of every answer and its own", async () => {
  const response = jsonResponse({ a: 1 }, { Vary: "Accept" });
  expect(response.status).toBe(200);
  expect(await response.text()).toBe('{"a":1}\n');
  for (const [name, value] of Object.entries(COMMON_FIELDS)) {
    expect(response.headers.get(name)).toBe(value);
  }
  expect(response.headers.get("Content-Type")).toBe("application/json");
  expect(response.headers.get("Vary")).toBe("Accept");
});
