/**
 * A hold that is kept for as long as its work goes on: extended at half of its time, and settled at the
 * end with what was used so far.
 *
 * Nothing is lost with an extension that fails: at its end a hold counts as spent, and for ten minutes
 * after that, settling it still books what was used beyond it.
 */
import type { GrantedHold } from "../core/outcome.ts";
import type { UsedTokens } from "./used-tokens.ts";
/** The verbs of a limiter that keep and settle a hold. */
export interface HoldVerbs {
    readonly extendHold: (id: string, extendMs: number) => Ended | Promise<Ended>;
    readonly settleHold: (id: string, used: UsedTokens) => Ended | Promise<Ended>;
}
type Ended = {
    readonly ok: true;
} | {
    readonly ok: false;
    readonly reason: string;
};
/** Keeps a hold until it is settled. */
export declare class KeptHold {
    #private;
    /** @param holdMs For how long the hold was asked for. */
    constructor({ id }: GrantedHold, verbs: HoldVerbs, holdMs: number);
    /** So much was used so far. The last call counts. */
    use(used: UsedTokens): void;
    /** Settles it: with what was used as far as that is known, otherwise as reserved. */
    settle(): Promise<void>;
}
export {};
