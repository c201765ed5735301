import { describe, expect, it } from "vitest";

import { differences } from "./transcript.ts";

describe("differences", () => {
  it.each([
    ["instants", '{"grantedAtMs":1795476634334,"waitedMs":0}', '{"grantedAtMs":2,"waitedMs":900}'],
    ["durations in words", "in 930 ms, 1 left", "in 12 ms, 1 left"],
    ["seconds", "after 0.003 s", "after 12.100 s"],
    ["keys", "8e03978e-40d5-43dd-bc93-6894a57f9324", "11111111-40d5-43dd-bc93-6894a57f9324"],
    ["what is left out", '{"detail":"Cannot…"}', '{"detail":"Cannot do it"}'],
    ["lines that are left out", "a\n…\nd", "a\nb\nc\nd"],
    [
      "fields that are left out",
      "HTTP/1.1 200 OK\nA: 1\n\nx",
      "HTTP/1.1 200 OK\r\nB: 2\r\na: 1\r\n\r\nx",
    ],
    [
      "the time to a tick",
      "HTTP/1.1 200 OK\nRateLimit: r=1;t=5",
      "HTTP/1.1 200 OK\nRateLimit: r=1;t=60",
    ],
    ["when to come back", "HTTP/1.1 429 X\nRetry-After: 1", "HTTP/1.1 429 X\nRetry-After: 30"],
  ])("%s may be others", (_, shown, came) => {
    expect(differences(shown, came)).toEqual([]);
  });

  it.each([
    ["counts", "in 930 ms, 1 left", "in 930 ms, 2 left"],
    [
      "numbers of a policy",
      '{"policy":{"refillIntervalMs":1000}}',
      '{"policy":{"refillIntervalMs":10}}',
    ],
    ["kinds", '{"waitedMs":1}', '{"waitedMs":"1"}'],
    ["lengths", "[1,2]", "[1]"],
    ["members", '{"a":1}', '{"a":1,"b":2}'],
    ["lines at the end", "a\n…\nd", "a\nb"],
    ["what is not JSON", '{"a":1}', "no"],
    [
      "the number of answers",
      "HTTP/1.1 200 OK\n\na",
      "HTTP/1.1 200 OK\n\na\n\nHTTP/1.1 200 OK\n\na",
    ],
    ["a field's value", "HTTP/1.1 200 OK\nRateLimit: r=1", "HTTP/1.1 200 OK\nRateLimit: r=2"],
    ["events", 'data: {"position":2}', 'data: {"position":1}'],
  ])("%s may not", (_, shown, came) => {
    expect(differences(shown, came)).not.toEqual([]);
  });
});
