import { describe, expect, it } from "vitest";

import { baseOf, curlCommand, routeAt, urlOfBucket } from "../../src/dashboard/address.ts";
import {
  showBriefCount,
  showComing,
  showCountdown,
  showDuration,
  showEstimate,
  showInterval,
  showRate,
  showWait,
} from "../../src/dashboard/format.ts";

it("showBriefCount fits beside an axis", () => {
  const counts = [0, 0.2, 500, 1_500, 20_000, 2_050_000, 1_000_000_000];
  const texts = ["0", "0.2", "500", "1.5K", "20K", "2.05M", "1B"];
  expect(counts.map(showBriefCount)).toEqual(texts);
});

it("showRate has a digit behind the point where that says something", () => {
  const rates = [0, 0.04, 0.3, 1, 12.54, 99.96, 1_234.5];
  expect(rates.map(showRate)).toEqual(["0", "<0.1", "0.3", "1", "12.5", "100", "1,235"]);
});

it("showCountdown has whole seconds, and is over when the time is", () => {
  const texts = [-5, 0, 1, 1_000, 59_001, 60_500, 300_000].map(showCountdown);
  expect(texts).toEqual(["0 s", "0 s", "1 s", "1 s", "1 min", "1 min 1 s", "5 min"]);
});

it("showComing has the date of an instant that is not today", () => {
  const at = (day: number, hours: number, minutes: number) =>
    new Date(2026, 10, day, hours, minutes, 5, 999).getTime();
  expect(showComing(at(29, 23, 59), at(29, 0, 0))).toBe("23:59:05");
  expect(showComing(at(30, 0, 0), at(29, 23, 59))).toBe("Mon 30 Nov, 00:00:05");
  expect(showComing(at(29, 12, 31) + 365 * 86_400_000, at(29, 0, 0))).toBe("Mon 29 Nov, 12:31:05");
});

describe("durations", () => {
  it.each([
    [0, "0 s"],
    [10, "10 ms"],
    [1_000, "1 s"],
    [999.4, "999 ms"],
    [1_500, "1.5 s"],
    [59_999, "59.999 s"],
    [90_000, "1 min 30 s"],
    [61_500, "1 min 1.5 s"],
    [60_000, "1 min"],
    [3_600_000, "1 hour"],
    [7_200_000, "2 hours"],
    [3_599_999, "1 hour"],
    [3_661_001, "1 hour 1 min 1 s"],
    [86_399_991, "1 day"],
    [86_400_000, "1 day"],
    [90_061_000, "1 day 1 hour 1 min"],
    [2_592_000_000, "30 days"],
  ])("showDuration(%d) is %s", (ms, text) => {
    expect(showDuration(ms)).toBe(text);
  });

  it("showInterval reads after “every”", () => {
    expect([1_000, 60_000, 250, 5_000].map(showInterval)).toEqual([
      "second",
      "minute",
      "250 ms",
      "5 s",
    ]);
  });

  it("showEstimate has two digits", () => {
    const estimates = [0, 0.4, 798.4, 58_125, 3_599_000].map(showEstimate);
    expect(estimates).toEqual(["0 s", "1 ms", "800 ms", "58 s", "1 hour"]);
  });

  it("showWait is exact to the millisecond below a minute", () => {
    expect([0, 1_003, 59_999, 60_000, 4_000_000].map(showWait)).toEqual([
      "0.000 s",
      "1.003 s",
      "59.999 s",
      "1 min",
      "1 hour 6 min 40 s",
    ]);
  });
});

describe.each(["https://a.test/", "http://a.test:8787/sluice/", "https://a.test/buckets/b/"])(
  "addresses below %s",
  (base) => {
    it("are all known from where the page's script lies", () => {
      expect(baseOf(`${base}assets/page.0123.js`)).toBe(base);
    });

    it("leads from a name to its page and back, whatever is in the name", () => {
      for (const name of ["a", "a/b@c", "100%", "%2F", "<img src=x onerror=alert(1)>", "ä?#&"]) {
        const route = routeAt(`${urlOfBucket(base, name)}?query#place`, base);
        expect(route).toEqual({ kind: "bucket", bucket: name });
      }
    });

    it("takes a name whose encoding is broken as it stands", () => {
      expect(routeAt(`${base}buckets/%zz`, base)).toEqual({ kind: "bucket", bucket: "%zz" });
    });

    it("writes a command that a shell takes as it is meant", () => {
      expect(curlCommand(base, "a/b@c", false)).toBe(`curl "${base}acquire?bucket=a%2Fb%40c"`);
      expect(curlCommand(base, "$(x)`y`", true)).toBe(
        `curl -H "Authorization: Bearer $TOKEN" "${base}acquire?bucket=%24(x)%60y%60"`,
      );
    });
  },
);
