/** Answers in JSON. */
import { COMMON_FIELDS } from "./common-fields.js";
import { jsonText } from "../protocol/text.js";
/** The response `200` with this body. */
export function jsonResponse(body, headers = {}) {
    const fields = { ...COMMON_FIELDS, "Content-Type": "application/json", ...headers };
    return new Response(jsonText(body), { headers: fields });
}
