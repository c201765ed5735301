/**
 * Returns `value` in a form that calls `done` when it ends, in whatever way, perhaps more than once; or
 * `undefined` if it doesn't go on. When `signal` aborts, it fails with the signal's reason.
 *
 * A `Response` comes back as a copy with another body, a stream as another stream, and an async iterable
 * as a proxy of itself; a stream of Node is returned as it is. One that is being read elsewhere already doesn't count as going on.
 */
export declare function untilDone<Value>(value: Value, signal: AbortSignal, done: () => void): Value | undefined;
