import { describe, expect, it } from "vitest";

import {
  acquireUrl,
  baseOf,
  crowdCommand,
  curlCommand,
  routeAt,
  urlOfBucket,
} from "../../src/dashboard/address.ts";

const ROOT = "http://sluice.test/";
const BELOW = "https://host/tools/sluice/";

describe("baseOf", () => {
  it.each([
    ["http://sluice.test/assets/page.js", ROOT],
    ["https://host/tools/sluice/assets/page.js?v=1", BELOW],
  ])("of %s is %s", (asset, base) => {
    expect(baseOf(asset)).toBe(base);
  });
});

describe("routeAt", () => {
  it.each([
    [ROOT, ROOT],
    [`${ROOT}?prefix=team/#top`, ROOT],
    [BELOW, BELOW],
  ])("%s, below %s, is the home page", (url, base) => {
    expect(routeAt(url, base)).toEqual({ kind: "home" });
  });

  it.each([
    [`${ROOT}buckets/login`, ROOT, "login"],
    [`${ROOT}buckets/team%2Fa%40b?q#f`, ROOT, "team/a@b"],
    [`${ROOT}buckets/%zz`, ROOT, "%zz"],
    [`${BELOW}buckets/login`, BELOW, "login"],
  ])("%s, below %s, shows the bucket %s", (url, base, bucket) => {
    expect(routeAt(url, base)).toEqual({ kind: "bucket", bucket });
  });

  it.each([
    [`${ROOT}other/login`, ROOT, "other/login"],
    [`${ROOT}buckets/`, ROOT, "buckets/"],
    [`${ROOT}buckets/team/a?q`, ROOT, "buckets/team/a"],
    [`${BELOW}no%20thing`, BELOW, "no thing"],
    [`${BELOW}%zz`, BELOW, "%zz"],
  ])("%s, below %s, shows nothing: %s", (url, base, path) => {
    expect(routeAt(url, base)).toEqual({ kind: "nothing", path });
  });
});

describe("urlOfBucket", () => {
  it.each(["login", "team/a@b:c.d_e-f"])("is where %s is shown", (bucket) => {
    expect(routeAt(urlOfBucket(BELOW, bucket), BELOW)).toEqual({ kind: "bucket", bucket });
  });
});

describe("acquireUrl", () => {
  it("encodes the bucket", () => {
    expect(acquireUrl(BELOW, "a/b@c")).toBe(`${BELOW}acquire?bucket=a%2Fb%40c`);
  });
});

describe("curlCommand", () => {
  it.each([
    [false, 'curl "http://sluice.test/acquire?bucket=login"'],
    [true, 'curl -H "Authorization: Bearer $TOKEN" "http://sluice.test/acquire?bucket=login"'],
  ])("with a token %s", (needsToken, command) => {
    expect(curlCommand(ROOT, "login", needsToken)).toBe(command);
  });
});

it("crowdCommand sends ten, and ends with the last of them", () => {
  expect(crowdCommand(ROOT, "login", false)).toBe(
    `for i in $(seq 10); do ${curlCommand(ROOT, "login", false)} & done; wait`,
  );
});
