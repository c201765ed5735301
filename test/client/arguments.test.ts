import { describe, expect, it } from "vitest";

import type { AcquireOptions } from "../../src/client/client.ts";

import {
  baseOf,
  acquireOptions,
  checkAcquireOptions,
  checkAdminOptions,
  checkBucket,
  checkBucketInPath,
  checkCallOptions,
  checkClientOptions,
  checkFunction,
  checkIdempotencyKey,
  checkInteger,
  checkPause,
  checkPolicy,
  hasMethod,
} from "../../src/client/arguments.ts";

const url = "http://sluice.test";
const replaced = ": limits.tpm is replaced as a whole, so give all of its fields";

interface Row {
  readonly what: string;
  readonly check: () => unknown;
  readonly error: ErrorConstructor;
  readonly message: string;
}

function row(what: string, check: () => unknown, error: unknown, message: string): Row {
  return { what, check, error: error as ErrorConstructor, message };
}

const acquire = (options: unknown) => () =>
  checkAcquireOptions<AcquireOptions>(options as AcquireOptions, [
    "tokens",
    "limits",
    "timeoutMs",
    "holdMs",
    "signal",
    "onQueued",
  ]);
const client = (options: object) => () => checkClientOptions(options);

describe("an illegal argument", () => {
  it.each<Row>([
    row(
      "a bucket",
      () => checkBucket("a b"),
      RangeError,
      'bucket must be 1 to 128 characters of A-Z a-z 0-9 . _ : @ / -: got "a b"',
    ),
    row("a bucket of another type", () => checkBucket(7), RangeError, "got 7"),
    row(
      "a bucket that is a step in a path",
      () => checkBucketInPath(".."),
      RangeError,
      'bucket must not be "." or ".." here: got ".."',
    ),
    row(
      "tokens",
      acquire({ tokens: 0 }),
      RangeError,
      "tokens must be at least 1, unless limits.NAME asks for at least 1 of a limit: got 0",
    ),
    row(
      "nothing of everything",
      acquire({ tokens: 0, limits: { tpm: 0 } }),
      RangeError,
      "tokens must be at least 1, unless limits.NAME asks for at least 1 of a limit: got 0",
    ),
    row(
      "tokens of a limit, and the name of another",
      acquire({ limits: { tpm: -1, "per day": 1 } }),
      RangeError,
      "limits.tpm must be an integer from 0 to 9007199254740991: got -1; " +
        "A limit's name must be 1 to 32 characters",
    ),
    row("limits", acquire({ limits: ["tpm"] }), RangeError, "limits must be an object of tokens"),
    row(
      "timeoutMs",
      acquire({ timeoutMs: 3_600_001 }),
      RangeError,
      "timeoutMs must be an integer from 0 to 3600000: got 3600001",
    ),
    row(
      "holdMs",
      acquire({ holdMs: 999 }),
      RangeError,
      "holdMs must be an integer from 1000 to 3600000: got 999",
    ),
    row(
      "a signal",
      acquire({ signal: "no" }),
      TypeError,
      'signal must be an AbortSignal: got "no"',
    ),
    row("a callback", acquire({ onQueued: 7 }), TypeError, "onQueued must be a function: got 7"),
    row(
      "an unknown option",
      acquire({ wait: 5 }),
      TypeError,
      '"wait" is not one of tokens, limits, timeout',
    ),
    row(
      "options in a map",
      acquire(new Map([["tokens", 2]])),
      TypeError,
      "options must be an object: got [object Map]",
    ),
    row("no options object", acquire(null), TypeError, "options must be an object: got null"),
    row(
      "an empty key",
      () => checkIdempotencyKey(""),
      RangeError,
      'idempotencyKey must be 1 to 255 printable ASCII characters: got ""',
    ),
    row(
      "a label",
      () => checkAcquireOptions<AcquireOptions>({ label: "a\nb" }, acquireOptions),
      RangeError,
      'label must be at most 64 printable characters: got "a\\nb"',
    ),
    row(
      "an option of a call",
      () => checkCallOptions({ timeoutMs: 5 }),
      TypeError,
      '"timeoutMs" is not one of signal',
    ),
    row(
      "two fields of a policy",
      () => checkPolicy({ capacity: 0, maxWaitMs: -1 }),
      RangeError,
      "capacity must be an integer from 1 to 1000000000: got 0; " +
        "maxWaitMs must be an integer from 0 to 3600000: got -1",
    ),
    row(
      "a limit and a duration of a policy",
      () => checkPolicy({ limit: "100", maxWait: "2h", limits: { tpm: { burst: 1 } } }),
      RangeError,
      'maxWait must be from 0ms to 1h: got "2h"; ' +
        'limit must be tokens per window, such as "100/1m", with a unit of ms, s, m, h, d: got "100"; ' +
        'limits.tpm.burst needs a limit, such as limit = "100/1m": got burst 1 alone; ' +
        `limits.tpm.capacity is missing${replaced}; limits.tpm.refillTokens is missing${replaced}; ` +
        `limits.tpm.refillIntervalMs is missing${replaced}`,
    ),
    row("a policy", () => checkPolicy(7 as never), TypeError, "policy must be an object: got 7"),
    row(
      "a policy that is a date",
      () => checkPolicy(new Date(0)),
      TypeError,
      "policy must be an object: got [object Date]",
    ),
    row(
      "a pause of a class",
      () =>
        checkPause(
          new (class Pause {
            untilMs = 0;
          })(),
        ),
      TypeError,
      "pause must be an object: got [object Object]",
    ),
    row(
      "a token that no header can carry",
      () => checkAdminOptions({ token: "a\n" }),
      RangeError,
      "token must be",
    ),
    row(
      "an option of an admin call",
      () => checkAdminOptions({ tokens: 5 }),
      TypeError,
      '"tokens" is not one of token, signal',
    ),
    row("a pause without an end", () => checkPause({}), RangeError, "untilMs is missing"),
    row(
      "the tokens of a pause",
      () => checkPause({ untilMs: 0, tokens: -1 }),
      RangeError,
      "tokens must be an integer from 0",
    ),
    row(
      "no way to Sluice",
      client({}),
      TypeError,
      "Either url or service must be given: got neither",
    ),
    row("two ways to Sluice", client({ url, service: { fetch } }), TypeError, "given: got both"),
    row(
      "a service",
      client({ service: {} }),
      TypeError,
      "service must have a fetch method: got {}",
    ),
    row(
      "fetch with service",
      client({ service: { fetch }, fetch }),
      TypeError,
      "fetch cannot be combined with service, which has its own",
    ),
    row(
      "WebSocket with service",
      client({ service: { fetch }, WebSocket }),
      TypeError,
      "WebSocket cannot be combined with service, which has its own",
    ),
    row(
      "WebSocket",
      client({ url, WebSocket: "ws" }),
      TypeError,
      'WebSocket must be a function: got "ws"',
    ),
    row(
      "transport",
      client({ url, transport: "socket" }),
      RangeError,
      'transport must be one of auto, http, session: got "socket"',
    ),
    row("fetch", client({ url, fetch: 7 }), TypeError, "fetch must be a function: got 7"),
    row(
      "retryForMs",
      client({ url, retryForMs: -1 }),
      RangeError,
      "retryForMs must be an integer from 0 to 3600000: got -1",
    ),
    row(
      "onUnavailable",
      client({ url, onUnavailable: "ajar" }),
      RangeError,
      'onUnavailable must be one of throw, open, closed: got "ajar"',
    ),
    row("a relative URL", () => baseOf("/sluice"), TypeError, 'absolute URL: got "/sluice"'),
    row("a scheme", () => baseOf("ftp://a"), TypeError, 'begin with http: or https: got "ftp://a"'),
    row("a query", () => baseOf(`${url}?a`), TypeError, "url must have no query and no fragment"),
    row(
      "an integer that is text",
      () => checkInteger({ n: "1" }, "n", { min: 0, max: 9 }),
      RangeError,
      'n must be an integer from 0 to 9: got "1"',
    ),
    row(
      "a function",
      () => checkFunction({ f: {} }, "f"),
      TypeError,
      "f must be a function: got {}",
    ),
  ])("throws for $what", ({ check, error, message }) => {
    expect(check).toThrow(error);
    expect(check).toThrow(message);
  });

  it.each(["a\n", " ", "é", ""])("that is the token %o is not shown", (token) => {
    const check = client({ url, token });
    expect(check).toThrow(
      new RangeError("token must be visible ASCII characters without white space"),
    );
  });

  it("that is a password in the URL is not shown", () => {
    expect(() => baseOf("http://me:secret@host")).toThrow(
      new TypeError("url must not contain a user name or password: use token"),
    );
  });
});

describe("a legal argument", () => {
  it.each<readonly [string, () => void]>([
    [
      "every option of an acquire",
      acquire({ tokens: 0, limits: { tpm: 9 }, timeoutMs: 0, onQueued: () => undefined }),
    ],
    ["options that are undefined", acquire({ tokens: undefined, signal: undefined })],
    ["a signal", () => checkCallOptions({ signal: AbortSignal.abort() })],
    ["the longest key", () => checkIdempotencyKey("~".repeat(255))],
    ["a part of a policy", () => checkPolicy({ capacity: 5 })],
    ["the end of a pause", () => checkPause({ untilMs: 0 })],
    ["the longest retry", client({ url, retryForMs: 3_600_000, token: "t", fetch })],
  ])("passes: %s", (_, check) => {
    expect(check).not.toThrow();
  });
});

describe("baseOf", () => {
  it.each([
    ["http://sluice.test", "http://sluice.test"],
    ["https://SLUICE.test:443/", "https://sluice.test"],
    ["http://sluice.test/a/b//", "http://sluice.test/a/b"],
  ])("of %s is %s", (address, base) => {
    expect(baseOf(address)).toBe(base);
    expect(baseOf(new URL(address))).toBe(base);
  });
});

describe("hasMethod", () => {
  class Inherited {
    run(): void {
      // Only looked up.
    }
  }
  it.each<readonly [string, unknown, boolean]>([
    ["its own", { run: (): void => undefined }, true],
    ["an inherited one", new Inherited(), true],
    ["one of a function", Object.assign(() => undefined, { run: () => undefined }), true],
    ["one of a proxy", new Proxy({}, { get: () => () => undefined }), true],
    ["none", {}, false],
    ["a value", { run: 7 }, false],
    ["null", null, false],
    ["text", "run", false],
  ])("knows %s", (_, value, isThere) => {
    expect(hasMethod(value, "run")).toBe(isThere);
  });
});
