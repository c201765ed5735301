import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { isBucketName } from "../../../src/core/bucket-name.ts";
import { addressKey } from "../../../src/client/middleware/address-key.ts";
import { bucketName } from "../../../src/client/middleware/bucket-name.ts";
import { runs } from "../../../kit/runs.ts";

/** Any text, and texts that resemble addresses. */
const text = fc.oneof(fc.string({ unit: "binary" }), fc.stringMatching(/^[\da-f:.[\]%, ]{0,50}$/));

describe("addressKey", () => {
  it.each([
    ["192.0.2.7", "192.0.2.7"],
    ["192.0.2.7:443", "192.0.2.7"],
    ["::ffff:192.0.2.7", "192.0.2.7"],
    ["::FFFF:c000:207", "192.0.2.7"],
    ["[::ffff:192.0.2.7]:80", "192.0.2.7"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
    ["2001:0DB8:0001:0002::", "2001:db8:1:2::/64"],
    ["[2001:db8:1:2::9]:443", "2001:db8:1:2::/64"],
    ["2001:db8::192.0.2.7", "2001:db8:0:0::/64"],
    ["fe80::1%eth0", "fe80:0:0:0::/64"],
    ["::1", "0:0:0:0::/64"],
    ["::", "0:0:0:0::/64"],
    ["9.9.9.9, 192.0.2.7", "192.0.2.7"],
    [" 2001:db8:1:2::1 ", "2001:db8:1:2::/64"],
  ])("limits %s by %s", (address, key) => {
    expect(addressKey(address)).toBe(key);
    expect(bucketName("ip", addressKey(address))).toBe(`ip:${key}`);
  });

  it.each([
    "unknown",
    "",
    "256.1.1.1",
    "1.2.3",
    "01.2.3.4",
    "1.2.3.4.",
    "1:2:3",
    "1::2::3",
    "1:2:3:4:5:6:7::8",
    "12345::",
    "g::",
    "::ffff:1.2.3.400",
    ":::",
    "1:2:3:4:5:6:7:8:9",
    "[::1",
    "1.2.3.4.5",
  ])("leaves %s, which is no address, as it is", (given) => {
    expect(addressKey(given)).toBe(given);
  });

  it("gives all of a /64 one key, and another /64 another", () => {
    const hextet = fc.integer({ min: 0, max: 0xffff }).map((value) => value.toString(16));
    const half = fc.tuple(hextet, hextet, hextet, hextet).map((parts) => parts.join(":"));
    fc.assert(
      fc.property(half, half, half, (network, one, other) => {
        fc.pre(network !== "0:0:0:0");
        expect(addressKey(`${network}:${one}`)).toBe(`${network}::/64`);
        expect(addressKey(`${network}:${other}`)).toBe(`${network}::/64`);
      }),
      { numRuns: runs(100) },
    );
  });

  it("does not throw, and has a legal name, whatever it is given", () => {
    expect(addressKey(undefined)).toBe("");
    fc.assert(
      fc.property(text, (given) => {
        expect(isBucketName(bucketName("ip", addressKey(given)))).toBe(true);
      }),
      { numRuns: runs(100) },
    );
  });
});
