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

/** An open grant as it is on the disk. */
export interface OpenGrantState {
  readonly id: string;
  readonly grantedAtMs: number;
  readonly hold?: HoldState;
  /** Absent if there was none, and once it has come back. */
  readonly permit?: { readonly expiresAtMs: number };
  /** That of its permit; if it has none, the highest so far. Absent if there has been no permit. */
  readonly fence?: number;
}

/** What must be written under a slot. */
export interface GrantRow {
  readonly slot: number;
  readonly grant: OpenGrantState;
}
