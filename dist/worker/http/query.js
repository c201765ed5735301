/** The query of a request, decoded as the router decodes a path. */
import { getQueryParams } from "hono/utils/url";
/** The query in a URL. */
export function queryOf(url) {
    const query = getQueryParams(url);
    // With a name as a second argument it would be something else.
    return query === undefined || Array.isArray(query) ? {} : query;
}
/** The number that decimal digits stand for, or the text itself if it is anything else. */
export function decimal(text) {
    return /^\d{1,16}$/.test(text) ? Number(text) : text;
}
