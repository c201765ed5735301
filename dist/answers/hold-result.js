import { invalidRequest, refusal } from "./acquire-result.js";
/** The refusal to the holder of a hold. */
export function holdRefusal(answer) {
    switch (answer.kind) {
        case "unknown-hold": {
            const detail = "This bucket has no such hold: it never had, or the hold ended over 10 minutes ago";
            return refusal(answer.kind, { detail });
        }
        case "hold-settled": {
            const { kind, settledAtMs, expiredAtMs } = answer;
            const detail = expiredAtMs === undefined
                ? `The hold was settled at ${settledAtMs}: only the same used can be sent again`
                : `The hold ended at ${expiredAtMs} and its tokens are spent: send used if it was more`;
            return refusal(kind, { detail, settledAtMs, expiredAtMs });
        }
        case "invalid":
            return invalidRequest(answer.errors);
        default:
            return answer;
    }
}
/** The refusal to the holder of a permit that extends it. */
export function permitRefusal({ kind }) {
    const detail = "This bucket has no such permit: its time was up, or it was released; acquire another one";
    return refusal(kind, { detail });
}
