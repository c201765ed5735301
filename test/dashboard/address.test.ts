import { describe, expect, it } from "vitest";

import {
  acquireUrl,
  baseOf,
  bucketAt,
  curlCommand,
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

describe("bucketAt", () => {
  it.each([
    [ROOT, ROOT, "x"],
    [`${ROOT}buckets/login`, ROOT, "login"],
    [`${ROOT}buckets/team%2Fa%40b?q#f`, ROOT, "team/a@b"],
    [`${ROOT}buckets/%zz`, ROOT, "%zz"],
    [`${ROOT}other/login`, ROOT, "x"],
    [BELOW, BELOW, "x"],
    [`${BELOW}buckets/login`, BELOW, "login"],
  ])("%s, below %s, shows %s", (url, base, bucket) => {
    expect(bucketAt(url, base)).toBe(bucket);
  });
});

describe("urlOfBucket", () => {
  it.each(["login", "team/a@b:c.d_e-f"])("is where %s is shown", (bucket) => {
    expect(bucketAt(urlOfBucket(BELOW, bucket), BELOW)).toBe(bucket);
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
