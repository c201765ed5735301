/**
 * Results that go on after they were returned: the body of a response, a stream, an async iterable. They
 * are handed out in a form that tells when they have been read to the end, have failed or were cancelled.
 */
import { onAbort } from "../on-abort.js";
import { followedResponse } from "./followed-response.js";
import { piped } from "./piped.js";
/**
 * Returns `value` in a form that calls `done` when it ends, in whatever way, perhaps more than once; or
 * `undefined` if it doesn't go on. When `signal` aborts, it fails with the signal's reason.
 *
 * A `Response` comes back as a copy with another body, a stream as another stream, and an async iterable
 * as a proxy of itself; a stream of Node is returned as it is. One that is being read elsewhere already doesn't count as going on.
 */
export function untilDone(value, signal, done) {
    const followed = follow(value, signal, done);
    // eslint-disable-next-line typescript/no-unsafe-type-assertion -- a copy or a proxy is of the same type.
    return followed;
}
function follow(value, signal, done) {
    if (typeof value !== "object" || value === null)
        return undefined;
    if (isResponse(value))
        return followedResponse(value, signal, done);
    if (value instanceof ReadableStream) {
        return value.locked ? undefined : piped(value, signal, done);
    }
    if (isNodeStream(value))
        return value.destroyed ? undefined : listened(value, signal, done);
    if (!isAsyncIterable(value))
        return undefined;
    return isIterator(value) ? iterated(value, signal, done) : proxied(value, signal, done);
}
/** The stream itself: it may be piped as well as iterated, and says when it is closed. */
function listened(stream, signal, done) {
    const stopListening = onAbort(signal, () => stream.destroy(signal.reason));
    stream.once("close", () => {
        stopListening();
        done();
    });
    return stream;
}
/** The iterable itself, with all that it can do besides; its iterations are followed. */
function proxied(iterable, signal, done) {
    return new Proxy(iterable, {
        get: (target, name) => {
            if (name === Symbol.asyncIterator) {
                return () => iterated(target[Symbol.asyncIterator](), signal, done);
            }
            // Methods with private state need the object itself.
            const member = Reflect.get(target, name, target);
            return typeof member === "function" ? member.bind(target) : member;
        },
    });
}
function iterated(source, signal, done) {
    const step = async (taken) => {
        try {
            const result = await taken;
            if (result.done === true)
                done();
            return result;
        }
        catch (error) {
            done();
            throw error;
        }
    };
    const end = async (value) => {
        return (await source.return?.(value)) ?? { done: true, value };
    };
    const fail = async (error) => {
        if (source.throw)
            return source.throw(error);
        throw error;
    };
    return {
        [Symbol.asyncIterator]() {
            return this;
        },
        next: (...sent) => step(orEnded(source, source.next(...sent), signal)),
        return: (value) => step(end(value)),
        throw: (error) => step(fail(error)),
    };
}
/** The next item, or the signal's reason as soon as it aborts; and ends the source. */
async function orEnded(source, next, signal) {
    let stopListening;
    const aborted = new Promise((_, reject) => {
        const stop = () => {
            reject(signal.reason);
            // A generator ends once its current item is there, and nobody waits for that.
            source.return?.().catch(() => undefined);
        };
        if (signal.aborted)
            stop();
        else
            stopListening = onAbort(signal, stop);
    });
    try {
        return await Promise.race([next, aborted]);
    }
    finally {
        stopListening?.();
    }
}
/** A response with a body: the platform's, or that of a library. */
function isResponse(value) {
    return "status" in value && "body" in value && value.body instanceof ReadableStream;
}
function isAsyncIterable(value) {
    return Symbol.asyncIterator in value && typeof value[Symbol.asyncIterator] === "function";
}
function isIterator(value) {
    return "next" in value && typeof value.next === "function";
}
function isNodeStream(value) {
    const methods = ["pipe", "once", "destroy"];
    return methods.every((name) => typeof Reflect.get(value, name) === "function");
}
