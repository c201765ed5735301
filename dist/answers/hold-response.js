import { refusedResponse } from "./acquire-response.js";
import { holdRefusal, permitRefusal } from "./hold-result.js";
import { jsonResponse } from "./json-response.js";
/** The response to the holder of a hold. */
export function holdResponse(answer) {
    if (answer.kind === "settled")
        return jsonResponse(answer.settled);
    if (answer.kind !== "open")
        return refusedResponse(holdRefusal(answer));
    const { id, expiresAtMs } = answer;
    return jsonResponse({ id, expiresAtMs });
}
/** The response to the holder of a permit that extends it. */
export function permitResponse(answer) {
    if (answer.kind === "extended")
        return jsonResponse(answer.permit);
    return refusedResponse(permitRefusal(answer));
}
