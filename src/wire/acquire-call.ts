/**
 * How the Worker passes an acquire to the object: in the URL of a request that it builds from scratch. Only
 * values that were checked go into that request, each of them encoded, so a caller can't forge anything that
 * the object reads.
 *
 * It is the URL because both sides can read it without the runtime creating another object. Measured on
 * workerd, a header adds an eighth to the cost of the whole call, and an RPC call a sixth (and RPC would not
 * tell the object when a caller leaves). The policy comes first, as a text of its own: it is the same in call
 * after call, so it is encoded and parsed once.
 */
import type { Ask } from "../core/ask.ts";
import type { LeaseReport } from "../core/lease/lease.ts";
import type { NamedPolicyFields } from "../protocol/bucket-snapshot.ts";

/** The host of a Durable Object's URL means nothing. */
const OBJECT_URL = "https://bucket/acquire?";
/** Between the policy and the rest; encoding removes it from both. */
const SEPARATOR = "&";
/**
 * Escapes of what JSON has between its strings. They are left out, since a query may hold the characters as they
 * are: a waiter keeps several copies of the URL, and they take half a KiB less so. Every version decodes both.
 */
const NEEDLESS_ESCAPES = /%(?:2C|3A|5B|5D|7B|7D)/g;

/** An acquire as the Worker, and nobody else, passes it to the object. */
export interface AcquireCall extends Ask {
  readonly bucket: string;
  /** The configured policy; an override stored in the object takes precedence. */
  readonly policy: NamedPolicyFields;
  /** Answered with lines: its positions in the queue, then the outcome (see acquire-lines.ts). */
  readonly isStreamed?: boolean;
  /** What the isolate returns of its leases along with this call, since they do not cover it. */
  readonly returnedLeases?: LeaseReport;
  /** Present when an earlier attempt was lost with its object. */
  readonly requeued?: Requeued;
}

/** A caller whose call was lost with the object, either in the queue or on its way there. */
interface Requeued {
  /**
   * When its request reached the Worker, epoch milliseconds, with a fraction that orders requests of the
   * same millisecond.
   */
  readonly arrivedAtMs: number;
  /** How much of its timeout has passed. */
  readonly elapsedMs: number;
  /** Over how long the callers of its isolate come back, if that is longer than usual. */
  readonly spreadMs?: number;
  /** The ticket of the place that it had, if the object has sent it one. */
  readonly ticket?: string;
}

/** A call without its policy. `handedIn` and `putBack` are the names of two members in 0.1.0. */
interface SentCall extends Omit<AcquireCall, "policy"> {
  readonly handedIn?: AcquireCall["returnedLeases"];
  readonly putBack?: AcquireCall["requeued"];
}

const encodedPolicies = new WeakMap<NamedPolicyFields, string>();
/** The last policy that was encoded: most calls have the same as the one before. */
let lastEncoded: { readonly policy: NamedPolicyFields; readonly text: string } | undefined;
/** The last policy that was decoded, shared by all buckets of an isolate that have it, and its part of the URL. */
let lastDecoded: { readonly urlPart: string; readonly policy: NamedPolicyFields } | undefined;

/** The URL that carries `call`. Policies are cached by identity, not by value. */
export function encodeAcquireCall({ policy, ...rest }: AcquireCall): string {
  return OBJECT_URL + policyTextOf(policy) + SEPARATOR + encode(rest);
}

/**
 * The URL that carries a call of nothing but `ask`: the same call as `encodeAcquireCall` encodes, without an
 * object and a JSON text in between. Names and numbers need no escape in JSON.
 */
export function encodeAsk(policy: NamedPolicyFields, bucket: string, ask: Ask): string {
  const { tokens, limits, timeoutMs, holdMs, idempotencyKey, ticket, label } = ask;
  const isNamed = idempotencyKey !== undefined || ticket !== undefined || label !== undefined;
  if (isNamed || limits || holdMs !== undefined) {
    return encodeAcquireCall({ policy, bucket, ...ask });
  }
  const name = encodeURIComponent(bucket);
  const timeout = timeoutMs === undefined ? "" : `,%22timeoutMs%22:${timeoutMs}`;
  const rest = `{%22bucket%22:%22${name}%22,%22tokens%22:${tokens}${timeout}}`;
  return OBJECT_URL + policyTextOf(policy) + SEPARATOR + rest;
}

function policyTextOf(policy: NamedPolicyFields): string {
  if (lastEncoded?.policy === policy) return lastEncoded.text;
  let text = encodedPolicies.get(policy);
  if (text === undefined) encodedPolicies.set(policy, (text = encode(policy)));
  lastEncoded = { policy, text };
  return text;
}

/** Whether a URL carries an acquire. */
export function isAcquireCall(url: string): boolean {
  return url.startsWith(OBJECT_URL);
}

/**
 * The call in the URL of a request.
 *
 * @throws {TypeError} If the URL holds no call: `encodeAcquireCall` did not build it.
 */
export function decodeAcquireCall(url: string): AcquireCall {
  if (lastDecoded === undefined || !url.startsWith(lastDecoded.urlPart)) {
    const end = url.indexOf(SEPARATOR, OBJECT_URL.length);
    if (end < 0) throw new TypeError("Cannot acquire: the URL holds no call");
    const policyText = decodeURIComponent(url.slice(OBJECT_URL.length, end));
    lastDecoded = { urlPart: url.slice(0, end + 1), policy: JSON.parse(policyText) };
  }
  const rest: SentCall = JSON.parse(decodeURIComponent(url.slice(lastDecoded.urlPart.length)));
  const call = { ...rest, policy: lastDecoded.policy };
  // A deploy resets the object while isolates of the previous version still hold waiting requests.
  if (rest.putBack) return { ...call, requeued: rest.putBack };
  return rest.handedIn ? { ...call, returnedLeases: rest.handedIn } : call;
}

function encode(value: object): string {
  return encodeURIComponent(JSON.stringify(value)).replace(NEEDLESS_ESCAPES, decodeURIComponent);
}
