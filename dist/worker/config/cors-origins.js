/** The variable `CORS_ORIGINS`: the origins whose scripts may call Sluice and read its answers. */
import { showValue } from "../../core/values.js";
/**
 * Reads the variable's value: origins separated by white space, or `*` alone. If unset, there are none.
 *
 * @throws {RangeError} If the value is illegal, showing the origin.
 */
export function readCorsOrigins(value = "") {
    if (typeof value !== "string") {
        throw new RangeError(`CORS_ORIGINS must be text: got ${showValue(value)}`);
    }
    const origins = value.split(/\s+/).filter((origin) => origin !== "");
    if (origins.length === 1 && origins[0] === "*")
        return "*";
    for (const origin of origins) {
        if (!isOrigin(origin)) {
            const rule = 'CORS_ORIGINS must be origins like "https://example.com", or "*" alone';
            throw new RangeError(`${rule}: got ${showValue(origin)}`);
        }
    }
    return origins;
}
/** Whether `text` is a web page's origin as browsers send it, and not a pattern. */
function isOrigin(text) {
    return /^https?:[^*]+$/.test(text) && URL.canParse(text) && new URL(text).origin === text;
}
