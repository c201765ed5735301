import type { Granted } from "../acquire-outcome.ts";
import type { Client } from "../client.ts";
import type { Report } from "../fault-report.ts";
/** What keeping a permit takes. */
interface Keeper {
    readonly client: Pick<Client, "extendPermit" | "releasePermit">;
    /** When the grant was asked for, as `performance.now()`. */
    readonly askedAtMs: number;
    /** Called if the permit is lost or can't be given back. */
    readonly report: Report;
}
/** A permit until it is released. */
export declare class RequestPermit {
    #private;
    private constructor();
    /** The permit of a grant; `undefined` if it has none. */
    static of(granted: Granted, keeper: Keeper): RequestPermit | undefined;
    /** Gives it back. Resolves when that is done or has failed, which is reported; never rejects. */
    release(): Promise<void>;
    /**
     * Returns `response` in a form that gives the permit back when its body has ended, in whatever way.
     *
     * @param waitUntil Keeps the runtime going until then.
     */
    releaseAfter(response: Response, waitUntil: (released: Promise<void>) => void): Response;
}
/** The response of `answer`, under a permit if there is one. */
export declare function answerUnder(permit: RequestPermit | undefined, waitUntil: (released: Promise<void>) => void, answer: () => Response | Promise<Response>): Promise<Response>;
export {};
