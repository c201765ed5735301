/**
 * Argument checks that run before anything is sent. A wrong argument is the caller's fault, so the
 * error names it and shows its value and its limit, whatever the state of the network.
 */
import type { Range } from "../core/values.ts";

import { askedTokensFaults } from "../core/ask.ts";
import { BUCKET_NAME_RULE, isBucketName } from "../core/bucket-name.ts";
import { checkHoldCall } from "../core/holds/hold-call.ts";
import { isPlainObject, isRecord } from "../core/is-record.ts";
import { tokenBucketFields } from "../core/limits/token-bucket-fields.ts";
import { pauseFaults, pauseFields } from "../core/pause.ts";
import { queueFields } from "../core/policy.ts";
import { holdFields } from "../core/policy-tables.ts";
import { integerFault, isIntegerWithin, showValue, throwFaults } from "../core/values.ts";
import { compileChanges } from "../core/written-policy.ts";
import { API_KEY_RULE, isApiKey } from "../protocol/api-key.ts";
import { busySorts, listRange } from "../protocol/list-params.ts";
import { IDEMPOTENCY_KEY_RULE, isIdempotencyKey } from "../protocol/idempotency-key.ts";
import {
  isPrintable,
  label as labelText,
  note as noteText,
  printableFault,
} from "../protocol/printable-text.ts";

/** The options of `Client.acquire`; the compiler compares each list here with its options where it is used. */
export const acquireOptions = [
  "tokens",
  "limits",
  "timeoutMs",
  "holdMs",
  "signal",
  "idempotencyKey",
  "label",
  "onQueued",
  "waitUntil",
] as const;
/** The options of `Client.tryAcquire`. */
export const tryAcquireOptions = [
  "tokens",
  "limits",
  "holdMs",
  "signal",
  "idempotencyKey",
] as const;

/** The options of `createClient`. */
export const clientOptions = [
  "url",
  "fetch",
  "WebSocket",
  "service",
  "token",
  "transport",
  "onUnavailable",
  "onError",
  "retryForMs",
  "overdueMs",
] as const;

/** An unchecked options object. */
type Given = Readonly<Record<string, unknown>>;

/** @throws {RangeError} If `bucket` is not a legal bucket name. */
export function checkBucket(bucket: unknown): void {
  if (isBucketName(bucket)) return;
  throw new RangeError(`bucket must be ${BUCKET_NAME_RULE}: got ${showValue(bucket)}`);
}

/** @throws {RangeError} If `bucket` is not a legal bucket name, or can't be part of a path. */
export function checkBucketInPath(bucket: unknown): void {
  checkBucket(bucket);
  // URL parsing removes such a segment, even if it is percent-encoded.
  if (bucket !== "." && bucket !== "..") return;
  throw new RangeError(`bucket must not be "." or ".." here: got ${showValue(bucket)}`);
}

/**
 * @throws {RangeError} If a number, the name of a limit or the key is illegal.
 * @throws {TypeError} If an option has the wrong type or is unknown.
 */
export function checkAcquireOptions<Options extends object>(
  options: Options,
  allowed: readonly (keyof Options & string)[],
): void {
  const given = knownMembers("options", options, allowed);
  throwFaults(askedTokensFaults(given));
  checkInteger(given, "timeoutMs", queueFields.maxWaitMs);
  checkInteger(given, "holdMs", holdFields.maxMs);
  checkSignal(given);
  checkFunction(given, "onQueued");
  checkFunction(given, "waitUntil");
  const { idempotencyKey } = given;
  if (idempotencyKey !== undefined) checkIdempotencyKey(idempotencyKey);
  const { label } = given;
  if (label !== undefined && !isPrintable(label, labelText))
    throwFaults([printableFault("label", label, labelText)]);
}

/**
 * Checks the options `tokens` and `limits` as far as they aren't left to a function.
 *
 * @throws {RangeError} If a number or the name of a limit is illegal.
 */
export function checkTokensToTake(tokens: unknown, limits: unknown): void {
  const { max } = tokenBucketFields.capacity;
  const fixed = typeof tokens === "function" ? undefined : tokens;
  if (typeof limits === "function") checkInteger({ tokens: fixed }, "tokens", { min: 0, max });
  else throwFaults(askedTokensFaults({ tokens: fixed, limits }, max));
}

/** @throws {RangeError} If it is not a legal idempotency key. */
export function checkIdempotencyKey(idempotencyKey: unknown): void {
  if (isIdempotencyKey(idempotencyKey)) return;
  const got = showValue(idempotencyKey);
  throw new RangeError(`idempotencyKey must be ${IDEMPOTENCY_KEY_RULE}: got ${got}`);
}

/** @throws {RangeError} If it can't be the id of a hold or a permit. */
export function checkHeldId(id: unknown): void {
  const isId = typeof id === "string" && /^[\w-]{1,64}$/.test(id);
  if (isId) return;
  throw new RangeError(`id must be that of a grant's hold or permit: got ${showValue(id)}`);
}

/**
 * @throws {RangeError} If it is no call about a hold; the message lists every fault.
 * @throws {TypeError} If it isn't a plain object.
 */
export function checkHoldChange(call: object): void {
  const check = checkHoldCall(plainObject("call", call));
  if (!check.ok) throwFaults(check.faults);
}

/** @throws {RangeError} If it can't be the id of a waiter. */
export function checkWaiterId(id: unknown): void {
  // Not `.` and `..`, which URL parsing removes from a path.
  if (typeof id === "string" && /^\w[\w.-]{0,63}$/.test(id)) return;
  throw new RangeError(`id must be that of a waiter: got ${showValue(id)}`);
}

/** @throws {TypeError} If `signal` is not an `AbortSignal`, or there is any other option. */
export function checkCallOptions(options: object): void {
  checkSignal(knownMembers("options", options, ["signal"]));
}

/** Options beside the signal, such as the token of a call by RPC. */
type MoreOptions = readonly "token"[];

/** @throws {RangeError | TypeError} If an option of `Client.listWaiters` is wrong. */
export function checkListOptions(options: object): void {
  const given = knownMembers("options", options, ["limit", "signal"]);
  checkInteger(given, "limit", listRange);
  checkSignal(given);
}

/** @throws {RangeError | TypeError} If an option of `Client.listBuckets` is wrong. */
export function checkListBucketsOptions(options: object): void {
  const known = ["prefix", "sort", "limit", "recent", "signal"];
  const given = knownMembers("options", options, known);
  const { prefix, recent } = given;
  if (prefix !== undefined && prefix !== "" && !isBucketName(prefix)) {
    throw new RangeError(`prefix must be empty or ${BUCKET_NAME_RULE}: got ${showValue(prefix)}`);
  }
  checkChoice(given, "sort", busySorts);
  checkInteger(given, "limit", listRange);
  if (recent !== undefined && typeof recent !== "boolean") {
    throw new TypeError(`recent must be true or false: got ${showValue(recent)}`);
  }
  checkSignal(given);
}

/** @throws {RangeError | TypeError} If an option of `Client.setPolicy` is wrong. */
export function checkOverrideOptions(options: object, more: MoreOptions = []): void {
  const given = knownMembers("options", options, ["note", "signal", ...more]);
  const { note, token } = given;
  if (note !== undefined && !isPrintable(note, noteText))
    throwFaults([printableFault("note", note, noteText)]);
  checkToken(token);
  checkSignal(given);
}

/** @throws {RangeError | TypeError} If an option of `Client.dropOverride` is wrong. */
export function checkDropOverrideOptions(options: object, more: MoreOptions = []): void {
  const given = knownMembers("options", options, ["to", "signal", ...more]);
  checkChoice(given, "to", ["configured", "previous"]);
  checkToken(given["token"]);
  checkSignal(given);
}

/**
 * Checks the options of an admin call by RPC, which has its token beside the signal.
 *
 * @throws {RangeError} If `token` can't be sent in a header.
 * @throws {TypeError} If `signal` is not an `AbortSignal`, or there is any other option.
 */
export function checkAdminOptions(options: object): void {
  const given = knownMembers("options", options, ["token", "signal"]);
  checkToken(given["token"]);
  checkSignal(given);
}

/**
 * @throws {RangeError} If any field is illegal; the message lists every fault.
 * @throws {TypeError} If it is not a plain object.
 */
export function checkPolicy(policy: object): void {
  throwFaults(compileChanges(plainObject("policy", policy)).faults);
}

/**
 * @throws {RangeError} If a number is missing or out of range, or `limits` is no list of names.
 * @throws {TypeError} If a field is unknown, or it is not a plain object.
 */
export function checkPause(pause: object): void {
  throwFaults(pauseFaults(knownMembers("pause", pause, pauseFields)));
}

/**
 * Checks the options of `createClient`.
 *
 * @throws {RangeError} If a value is not one of those allowed.
 * @throws {TypeError} If an option has the wrong type, is unknown, or is missing or combined with
 * another it excludes.
 */
export function checkClientOptions(options: object): void {
  const given = knownMembers("options", options, clientOptions);
  const { url, service, token } = given;
  if ((url === undefined) === (service === undefined)) {
    throw new TypeError(`Either url or service must be given: got ${url ? "both" : "neither"}`);
  }
  if (service !== undefined && !hasMethod(service, "fetch")) {
    throw new TypeError(`service must have a fetch method: got ${showValue(service)}`);
  }
  for (const replaced of ["fetch", "WebSocket"]) {
    if (service !== undefined && given[replaced] !== undefined) {
      throw new TypeError(`${replaced} cannot be combined with service, which has its own`);
    }
    checkFunction(given, replaced);
  }
  checkFunction(given, "onError");
  checkInteger(given, "retryForMs", queueFields.maxWaitMs);
  checkInteger(given, "overdueMs", { ...queueFields.maxWaitMs, min: 1 });
  checkToken(token);
  checkChoice(given, "onUnavailable", ["throw", "open", "closed"]);
  checkChoice(given, "transport", ["auto", "http", "session"]);
}

function checkChoice(given: Given, field: string, choices: readonly string[]): void {
  const value = given[field];
  if (value === undefined || choices.some((choice) => choice === value)) return;
  throw new RangeError(`${field} must be one of ${choices.join(", ")}: got ${showValue(value)}`);
}

/** @throws {RangeError} If `token` is given and can't be sent in a header. */
function checkToken(token: unknown): void {
  if (token === undefined || isApiKey(token)) return;
  // The message doesn't show the value: it may be a secret with a trailing newline.
  throw new RangeError(`token must be ${API_KEY_RULE}`);
}

/**
 * Returns the base URL of the service, without a trailing slash.
 *
 * @throws {TypeError} If `url` can't be the address of a service.
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
    throw new TypeError("url must not contain a user name or password: use token");
  }
  if (search !== "" || hash !== "") {
    throw new TypeError(`url must have no query and no fragment: got ${showValue(text)}`);
  }
  return origin + pathname.replace(/\/+$/, "");
}

/** @throws {TypeError} If it is not a plain object, or has a member that isn't allowed. */
export function knownMembers(what: string, value: unknown, allowed: readonly string[]): Given {
  const given = plainObject(what, value);
  const unknown = Object.keys(given).find((name) => !allowed.includes(name));
  if (unknown === undefined) return given;
  throw new TypeError(`${showValue(unknown)} is not one of ${allowed.join(", ")}`);
}

function plainObject(what: string, value: unknown): Given {
  if (isPlainObject(value)) return value;
  // As JSON, most objects of a class are `{}`.
  const shown = isRecord(value) ? Object.prototype.toString.call(value) : showValue(value);
  throw new TypeError(`${what} must be an object: got ${shown}`);
}

/**
 * Whether `value` has this method: its own, inherited, or provided by a proxy, as an RPC stub's is.
 */
export function hasMethod(value: unknown, name: string): boolean {
  if (value === null || (typeof value !== "object" && typeof value !== "function")) return false;
  return typeof Reflect.get(value, name) === "function";
}

/**
 * @throws {RangeError} If the field is given and is not an integer within `limits`; the message
 * names it.
 */
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

/** @throws {TypeError} If the field is given and is not a function; the message names it. */
export function checkFunction(given: Given, field: string): void {
  const value = given[field];
  if (value === undefined || typeof value === "function") return;
  throw new TypeError(`${field} must be a function: got ${showValue(value)}`);
}
