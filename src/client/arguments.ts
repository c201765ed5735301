/**
 * What is checked before anything is sent: a wrong argument is the caller's fault, and is told with its
 * name, its value and its limit, whatever the network does.
 */
import type { FieldFault, Range } from "../core/policy.ts";

import { BUCKET_NAME_RULE, isBucketName } from "../core/bucket-name.ts";
import {
  fieldFaults,
  integerFault,
  isIntegerWithin,
  policyRanges,
  showValue,
} from "../core/policy.ts";

/** 1 to 255 printable ASCII characters, as the service takes them. */
const IDEMPOTENCY_KEY = /^[ -~]{1,255}$/;
/** What can be sent in a field as it is. */
const TOKEN = /^[\x21-\x7E]+$/;
/** The largest integer that a number holds exactly: what the bucket can hold is its own to say. */
const LARGEST = 9_007_199_254_740_991;
const TOKENS: Range = { min: 1, max: LARGEST };
const INSTANT_MS: Range = { min: 0, max: LARGEST };

/** What is given to a verb, before anything is known of it. */
type Given = Readonly<Record<string, unknown>>;

/**
 * @throws {RangeError} Where it cannot be a bucket's name.
 */
export function checkBucket(bucket: unknown): void {
  if (isBucketName(bucket)) return;
  throw new RangeError(`bucket must be ${BUCKET_NAME_RULE}: got ${showValue(bucket)}`);
}

/**
 * @throws {RangeError} Where it cannot be a bucket's name, or cannot be written in a path.
 */
export function checkBucketInPath(bucket: unknown): void {
  checkBucket(bucket);
  // A path with such a segment is another one, however it is encoded.
  if (bucket !== "." && bucket !== "..") return;
  throw new RangeError(`bucket must not be "." or ".." here: got ${showValue(bucket)}`);
}

/**
 * @throws {RangeError} Where a number or the key is out of bounds.
 * @throws {TypeError} Where an option is of the wrong kind, or unknown.
 */
export function checkAcquireOptions(options: object, allowed: readonly string[]): void {
  const given = membersOf("options", options, allowed);
  checkInteger(given, "tokens", TOKENS);
  checkInteger(given, "timeoutMs", policyRanges.maxWaitMs);
  checkSignal(given);
  checkFunction(given, "onQueued");
  checkFunction(given, "waitUntil");
  const { idempotencyKey } = given;
  if (idempotencyKey !== undefined) checkIdempotencyKey(idempotencyKey);
}

/** @throws {RangeError} Where it cannot be the key of an acquire. */
export function checkIdempotencyKey(idempotencyKey: unknown): void {
  if (typeof idempotencyKey === "string" && IDEMPOTENCY_KEY.test(idempotencyKey)) return;
  const rule = "1 to 255 printable ASCII characters";
  throw new RangeError(`idempotencyKey must be ${rule}: got ${showValue(idempotencyKey)}`);
}

/** @throws {TypeError} Where the only option of such a call is no signal, or there is another. */
export function checkCallOptions(options: object): void {
  checkSignal(membersOf("options", options, ["signal"]));
}

/** @throws {RangeError} With every fault of a change of a policy. */
export function checkPolicy(policy: object): void {
  if (typeof policy !== "object" || policy === null) {
    throw new TypeError(`policy must be an object: got ${showValue(policy)}`);
  }
  throwFaults(fieldFaults({ ...policy }));
}

/**
 * @throws {RangeError} Where a number is missing or out of bounds.
 * @throws {TypeError} Where a field is unknown.
 */
export function checkPause(pause: object): void {
  const given = membersOf("pause", pause, ["untilMs", "tokens"]);
  throwFaults(
    isIntegerWithin(given["untilMs"], INSTANT_MS)
      ? []
      : [integerFault("untilMs", given["untilMs"], INSTANT_MS)],
  );
  checkInteger(given, "tokens", policyRanges.initialTokens);
}

/**
 * The options of `createClient`.
 *
 * @throws {RangeError} Where a value is not one that is allowed.
 * @throws {TypeError} Where an option is of the wrong kind, unknown, or goes with another or without one.
 */
export function checkClientOptions(options: object): void {
  const allowed = ["url", "fetch", "service", "token", "onUnavailable", "onError", "retryForMs"];
  const given = membersOf("options", options, allowed);
  const { url, service, token, onUnavailable } = given;
  if ((url === undefined) === (service === undefined)) {
    throw new TypeError(`Either url or service must be given: got ${url ? "both" : "neither"}`);
  }
  if (service !== undefined && !hasMethod(service, "fetch")) {
    throw new TypeError(`service must be something with a fetch: got ${showValue(service)}`);
  }
  if (service !== undefined && given["fetch"] !== undefined) {
    throw new TypeError("fetch must not be given with service, which has its own");
  }
  checkFunction(given, "fetch");
  checkFunction(given, "onError");
  checkInteger(given, "retryForMs", policyRanges.maxWaitMs);
  if (token !== undefined && (typeof token !== "string" || !TOKEN.test(token))) {
    // Not the value: it may be a secret with a line end.
    throw new RangeError("token must be visible ASCII characters without white space");
  }
  const choices = ["throw", "open", "closed"];
  if (onUnavailable !== undefined && !choices.some((choice) => choice === onUnavailable)) {
    const rule = choices.join(", ");
    throw new RangeError(`onUnavailable must be one of ${rule}: got ${showValue(onUnavailable)}`);
  }
}

/**
 * Where the service is, without a slash at the end.
 *
 * @throws {TypeError} Where `url` is not the address of a service.
 */
export function baseOf(url: string | URL): string {
  const text = String(url);
  let parsed;
  try {
    parsed = new URL(text);
  } catch {
    throw new TypeError(`url must be an absolute URL: got ${showValue(text)}`);
  }
  const { protocol, origin, pathname, search, hash, username, password } = parsed;
  if (protocol !== "http:" && protocol !== "https:") {
    throw new TypeError(`url must begin with http: or https: got ${showValue(text)}`);
  }
  if (username !== "" || password !== "") {
    throw new TypeError("url must hold no user name and no password: there is token for that");
  }
  if (search !== "" || hash !== "") {
    throw new TypeError(`url must have no query and no fragment: got ${showValue(text)}`);
  }
  return origin + pathname.replace(/\/+$/, "");
}

function membersOf(what: string, value: unknown, allowed: readonly string[]): Given {
  if (typeof value !== "object" || value === null) {
    throw new TypeError(`${what} must be an object: got ${showValue(value)}`);
  }
  const unknown = Object.keys(value).find((name) => !allowed.includes(name));
  if (unknown === undefined) return { ...value };
  throw new TypeError(`${showValue(unknown)} is not one of ${allowed.join(", ")}`);
}

/** Whether `value` has such a method, of its own, inherited, or through a proxy, as a service's is. */
export function hasMethod(value: unknown, name: string): boolean {
  if (value === null || (typeof value !== "object" && typeof value !== "function")) return false;
  return typeof Reflect.get(value, name) === "function";
}

/** @throws {RangeError} Where the member is given and no integer within the limits, naming it. */
export function checkInteger(given: Given, field: string, limits: Range): void {
  const value = given[field];
  if (value === undefined || isIntegerWithin(value, limits)) return;
  throwFaults([integerFault(field, value, limits)]);
}

function checkSignal(given: Given): void {
  const { signal } = given;
  if (signal === undefined) return;
  if (hasMethod(signal, "addEventListener")) return;
  throw new TypeError(`signal must be an AbortSignal: got ${showValue(signal)}`);
}

/** @throws {TypeError} Where the member is given and no function, naming it. */
export function checkFunction(given: Given, field: string): void {
  const value = given[field];
  if (value === undefined || typeof value === "function") return;
  throw new TypeError(`${field} must be a function: got ${showValue(value)}`);
}

function throwFaults(faults: readonly FieldFault[]): void {
  if (faults.length === 0) return;
  throw new RangeError(faults.map(({ message }) => message).join("; "));
}
