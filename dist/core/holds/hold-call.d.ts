/** What the holder of a hold or a permit asks for after its grant, how that is checked, and the answers. */
import type { NamedTokens } from "../limits/cost.ts";
import type { GrantedPermit } from "../outcome.ts";
import type { FieldFault } from "../values.ts";
/**
 * What the holder of a hold asks for:
 * - `used` settles it: so many tokens were used of each limit, or of those that are named.
 * - `atLeast` spends so many and keeps the rest. `used` of the later settle is the whole.
 * - `extendMs` moves its end to so long from now, in milliseconds.
 */
export type HoldCall = {
    readonly used: number | NamedTokens;
} | {
    readonly atLeast: number | NamedTokens;
} | {
    readonly extendMs: number;
};
/** How a hold was settled; tokens by the name of the limit, zeros included. */
export interface SettledHold {
    readonly id: string;
    readonly used: NamedTokens;
    /** What came back: what was reserved and not used, less what ticks had made good. */
    readonly returned: NamedTokens;
    /** What was used beyond what was reserved. */
    readonly owed: NamedTokens;
    readonly settledAtMs: number;
}
/**
 * The answer to the holder of a hold. `hold-settled`: it was settled before, for other numbers, or it is over and
 * spent; with when that was.
 */
export type HoldAnswer = {
    readonly kind: "settled";
    readonly settled: SettledHold;
} | {
    readonly kind: "open";
    readonly id: string;
    readonly expiresAtMs: number;
} | {
    readonly kind: "unknown-hold";
} | {
    readonly kind: "hold-settled";
    readonly settledAtMs?: number;
    readonly expiredAtMs?: number;
} | {
    readonly kind: "invalid";
    readonly errors: readonly FieldFault[];
};
/** The answer to the holder of a permit that extends it. */
export type PermitAnswer = {
    readonly kind: "extended";
    readonly permit: GrantedPermit;
} | {
    readonly kind: "permit-lost";
};
/**
 * Checks a call that may be anything, as far as it can be told without the hold: exactly one of `used` and
 * `atLeast`, 0 to 1,000,000,000 tokens or an object of them by the limit's name, and `extendMs`, 1,000 to
 * 3,600,000. A member that is `undefined` counts as left out.
 *
 * @example
 * checkHoldCall({ used: 2_311 }); // { ok: true, call: { used: 2311 } }
 */
export declare function checkHoldCall(fields: Readonly<Record<string, unknown>>): {
    readonly ok: true;
    readonly call: HoldCall;
} | {
    readonly ok: false;
    readonly faults: readonly FieldFault[];
};
