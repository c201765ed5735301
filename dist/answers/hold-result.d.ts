/** What a holder's call comes to if it is refused. */
import type { HoldAnswer, PermitAnswer } from "../core/holds/hold-call.ts";
import type { Refused } from "./acquire-result.ts";
/** An answer to the holder of a hold that is a refusal. */
type HoldRefusal = Exclude<HoldAnswer, {
    kind: "settled" | "open";
}>;
/** The refusal to the holder of a hold. */
export declare function holdRefusal(answer: HoldRefusal): Refused;
/** The refusal to the holder of a permit that extends it. */
export declare function permitRefusal({ kind }: Exclude<PermitAnswer, {
    kind: "extended";
}>): Refused;
export {};
