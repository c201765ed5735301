import { cors as honoCors } from "hono/cors";
import { COMMON_FIELDS } from "../../answers/common-fields.js";
import { EXPOSED_FIELDS } from "../../answers/common-fields.js";
import { TICKET_FIELD } from "../../protocol/ticket-form.js";
/** The headers that a script may send. */
const REQUEST_FIELDS = ["Authorization", "Content-Type", "Idempotency-Key", TICKET_FIELD];
/** How long a browser may cache a preflight answer; a change of the origins may take this long to apply. */
const PREFLIGHT_SECONDS = 600;
/**
 * Lets scripts from `origins` call a route by `methods`. For any other caller OPTIONS is a method like any
 * other.
 */
export function cors(origins, methods) {
    const isAllowed = (origin) => origins === "*" || origins.includes(origin);
    const allow = honoCors({
        origin: origins === "*" ? "*" : [...origins],
        // Scripts may send HEAD to any route they may send GET to, without asking.
        allowMethods: methods.filter((method) => method !== "HEAD"),
        allowHeaders: REQUEST_FIELDS,
        exposeHeaders: [EXPOSED_FIELDS],
        maxAge: PREFLIGHT_SECONDS,
    });
    return async (c, next) => {
        const origin = c.req.header("Origin");
        const isPreflight = c.req.method === "OPTIONS";
        if (isPreflight && (origin === undefined || !isAllowed(origin)))
            return next();
        const preflight = await allow(c, next);
        if (preflight)
            addCommonFields(preflight);
        return preflight;
    };
}
/** For an answer that Sluice has not made itself. */
function addCommonFields({ headers }) {
    for (const [name, value] of Object.entries(COMMON_FIELDS))
        headers.set(name, value);
}
