/** The names that a server on the loopback interface answers to by default. */
import { expect, it } from "vitest";

import { withAllowedHosts } from "../../serve/allowed-hosts.ts";

it.each([
  ["127.0.0.1", "localhost"],
  ["127.1.2.3", "localhost"],
  ["::1", "localhost"],
  ["::ffff:127.0.0.1", "localhost"],
  ["localhost", "localhost"],
  ["sluice.LOCALHOST", "localhost"],
  ["0.0.0.0", undefined],
  ["::", undefined],
  ["10.1.2.3", undefined],
  ["localhost.example.com", undefined],
])("withAllowedHosts on %s: ALLOWED_HOSTS is %s", (host, allowed) => {
  expect(withAllowedHosts({ A: "1" }, {}, host)).toEqual({
    A: "1",
    ...(allowed !== undefined && { ALLOWED_HOSTS: allowed }),
  });
});

it("withAllowedHosts leaves a variable alone that is set, or configured", () => {
  const vars = { ALLOWED_HOSTS: "*" };
  expect(withAllowedHosts(vars, {}, "127.0.0.1")).toBe(vars);
  expect(withAllowedHosts({}, { ALLOWED_HOSTS: "a.example" }, "127.0.0.1")).toEqual({});
});
