/**
 * Argument checks that run before anything is sent. A wrong argument is the caller's fault, so the
 * error names it and shows its value and its limit, whatever the state of the network.
 */
import type { Range } from "../core/values.ts";
/** The options of `Client.acquire`. */
export declare const acquireOptions: string[];
/** The options of `Client.tryAcquire`. */
export declare const tryAcquireOptions: string[];
/** An unchecked options object. */
type Given = Readonly<Record<string, unknown>>;
/** @throws {RangeError} If `bucket` is not a legal bucket name. */
export declare function checkBucket(bucket: unknown): void;
/** @throws {RangeError} If `bucket` is not a legal bucket name, or can't be part of a path. */
export declare function checkBucketInPath(bucket: unknown): void;
/**
 * @throws {RangeError} If a number, the name of a limit or the key is illegal.
 * @throws {TypeError} If an option has the wrong type or is unknown.
 */
export declare function checkAcquireOptions(options: object, allowed: readonly string[]): void;
/**
 * Checks the options `tokens` and `limits` as far as they aren't left to a function.
 *
 * @throws {RangeError} If a number or the name of a limit is illegal.
 */
export declare function checkTokensToTake(tokens: unknown, limits: unknown): void;
/** @throws {RangeError} If it is not a legal idempotency key. */
export declare function checkIdempotencyKey(idempotencyKey: unknown): void;
/** @throws {RangeError} If it can't be the id of a hold or a permit. */
export declare function checkHeldId(id: unknown): void;
/**
 * @throws {RangeError} If it is no call about a hold; the message lists every fault.
 * @throws {TypeError} If it isn't a plain object.
 */
export declare function checkHoldChange(call: object): void;
/** @throws {RangeError} If it can't be the id of a waiter. */
export declare function checkWaiterId(id: unknown): void;
/** @throws {TypeError} If `signal` is not an `AbortSignal`, or there is any other option. */
export declare function checkCallOptions(options: object): void;
/** Options beside the signal, such as the token of a call by RPC. */
type MoreOptions = readonly "token"[];
/** @throws {RangeError | TypeError} If an option of `Client.listWaiters` is wrong. */
export declare function checkListOptions(options: object): void;
/** @throws {RangeError | TypeError} If an option of `Client.listBuckets` is wrong. */
export declare function checkListBucketsOptions(options: object): void;
/** @throws {RangeError | TypeError} If an option of `Client.setPolicy` is wrong. */
export declare function checkOverrideOptions(options: object, more?: MoreOptions): void;
/** @throws {RangeError | TypeError} If an option of `Client.dropOverride` is wrong. */
export declare function checkDropOverrideOptions(options: object, more?: MoreOptions): void;
/**
 * Checks the options of an admin call by RPC, which has its token beside the signal.
 *
 * @throws {RangeError} If `token` can't be sent in a header.
 * @throws {TypeError} If `signal` is not an `AbortSignal`, or there is any other option.
 */
export declare function checkAdminOptions(options: object): void;
/**
 * @throws {RangeError} If any field is illegal; the message lists every fault.
 * @throws {TypeError} If it is not a plain object.
 */
export declare function checkPolicy(policy: object): void;
/**
 * @throws {RangeError} If a number is missing or out of range, or `limits` is no list of names.
 * @throws {TypeError} If a field is unknown, or it is not a plain object.
 */
export declare function checkPause(pause: object): void;
/**
 * Checks the options of `createClient`.
 *
 * @throws {RangeError} If a value is not one of those allowed.
 * @throws {TypeError} If an option has the wrong type, is unknown, or is missing or combined with
 * another it excludes.
 */
export declare function checkClientOptions(options: object): void;
/**
 * Returns the base URL of the service, without a trailing slash.
 *
 * @throws {TypeError} If `url` can't be the address of a service.
 */
export declare function baseOf(url: string | URL): string;
/**
 * Whether `value` has this method: its own, inherited, or provided by a proxy, as an RPC stub's is.
 */
export declare function hasMethod(value: unknown, name: string): boolean;
/**
 * @throws {RangeError} If the field is given and is not an integer within `limits`; the message
 * names it.
 */
export declare function checkInteger(given: Given, field: string, limits: Range): void;
/** @throws {TypeError} If the field is given and is not a function; the message names it. */
export declare function checkFunction(given: Given, field: string): void;
export {};
