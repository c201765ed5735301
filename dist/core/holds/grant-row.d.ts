/** An open grant as it is on the disk: see open-grants.ts. */
import type { NamedTokens } from "../limits/cost.ts";
import type { HeldLimit } from "../limits/reserves.ts";
/** How a hold was settled. */
export interface Settlement {
    readonly used: NamedTokens;
    readonly returned: NamedTokens;
    readonly owed: NamedTokens;
    readonly settledAtMs: number;
}
/** A hold as it is on the disk. */
export interface HoldState {
    readonly expiresAtMs: number;
    /** By the name of the limit; those of which it took none are in it, too. */
    readonly limits: Readonly<Record<string, HeldLimit>>;
    /** Absent until it is settled. */
    readonly settlement?: Settlement;
}
/** A permit as it is on the disk. */
export interface PermitState {
    /** When it ends, epoch milliseconds; not as long as it belongs to a session. */
    readonly expiresAtMs: number;
    /** The session that it belongs to, and lives as long as; absent if it doesn't belong to any. */
    readonly sessionId?: string;
}
/** An open grant as it is on the disk. */
export interface OpenGrantState {
    readonly id: string;
    readonly grantedAtMs: number;
    readonly hold?: HoldState;
    /** Absent if there was none, and once it has come back. */
    readonly permit?: PermitState;
    /** That of its permit; if it has none, the highest so far. Absent if there has been no permit. */
    readonly fence?: number;
}
/** What must be written under a slot. */
export interface GrantRow {
    readonly slot: number;
    readonly grant: OpenGrantState;
}
