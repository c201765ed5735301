import type { HoldOutcome, PermitOutcome, SettleOutcome } from "../../core/holds/hold-outcome.ts";
import type { UsedTokens } from "../../holding/used-tokens.ts";
import type { RetriedCalls } from "../transport/retried-calls.ts";
import type { SessionPool } from "../session/session-pool.ts";
import type { HeldCallOptions, HoldVerbs } from "./hold-verbs.ts";
import { BucketClient } from "../bucket-client.ts";
/** Makes the calls for holds and permits. */
export declare class HoldClient extends BucketClient implements HoldVerbs {
    #private;
    constructor(calls: RetriedCalls, sessions?: Pick<SessionPool, "call">);
    settleHold(bucket: string, id: string, used: UsedTokens, options?: HeldCallOptions): Promise<SettleOutcome>;
    spendHold(bucket: string, id: string, atLeast: UsedTokens, options?: HeldCallOptions): Promise<HoldOutcome>;
    extendHold(bucket: string, id: string, extendMs: number, options?: HeldCallOptions): Promise<HoldOutcome>;
    dropHold(bucket: string, id: string, options?: HeldCallOptions): Promise<SettleOutcome>;
    extendPermit(bucket: string, id: string, options?: HeldCallOptions): Promise<PermitOutcome>;
    releasePermit(bucket: string, id: string, options?: HeldCallOptions): Promise<void>;
}
