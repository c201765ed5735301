/**
 * The documentation page and its style sheet, as responses: a browser may show them, and run nothing in them.
 */
import { COMMON_FIELDS } from "../../answers/common-fields.js";
/** How long a browser may cache them, in seconds: a deployment shows within minutes. */
const FRESH_SECONDS = 300;
/** The response with `text`. */
export function docsResponse(text, mediaType) {
    return new Response(text, {
        headers: {
            ...COMMON_FIELDS,
            "Cache-Control": `public, max-age=${FRESH_SECONDS}`,
            "Content-Security-Policy": "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
            "Content-Type": `${mediaType}; charset=utf-8`,
        },
    });
}
