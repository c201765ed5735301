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
/** The URL that carries `call`. Policies are cached by identity, not by value. */
export declare function encodeAcquireCall({ policy, ...rest }: AcquireCall): string;
/**
 * The URL that carries a call of nothing but `ask`: the same call as `encodeAcquireCall` encodes, without an
 * object and a JSON text in between. Names and numbers need no escape in JSON.
 */
export declare function encodeAsk(policy: NamedPolicyFields, bucket: string, ask: Ask): string;
/** Whether a URL carries an acquire. */
export declare function isAcquireCall(url: string): boolean;
/**
 * The call in the URL of a request.
 *
 * @throws {TypeError} If the URL holds no call: `encodeAcquireCall` did not build it.
 */
export declare function decodeAcquireCall(url: string): AcquireCall;
export {};
