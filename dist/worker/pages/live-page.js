/**
 * The live page, for requests that prefer a page: browsers, at an address that a person typed. Every other
 * request gets the JSON of the same address, and so does a script in a browser. At `/` it shows which buckets are
 * busy, at `/buckets/NAME` a bucket, and elsewhere that there is nothing.
 *
 * The page contains no data and is the same at every address: it fetches what it shows, like any client, with
 * the visitor's token. So everyone may load it.
 *
 * All its addresses are relative, because a reverse proxy may serve Sluice under a path that Sluice doesn't
 * know. The page finds what it loads by its own depth below the top, and what it calls by where its script
 * is.
 *
 * Its policy lets it load its own scripts, styles and icon, and talk to its own origin ('self' covers
 * WebSockets, by CSP 3), and nothing else: no text can become a script, whatever a name contains.
 */
import { assets, pageHtml } from "../../dashboard/assets.js";
import { VARY, qualityOf } from "../http/accept.js";
import { COMMON_FIELDS } from "../../answers/common-fields.js";
const PAGE = "text/html";
const DATA = "application/json";
const PAGE_POLICY = [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
].join("; ");
const PAGE_FIELDS = {
    ...COMMON_FIELDS,
    ...VARY,
    "Content-Security-Policy": PAGE_POLICY,
    "Content-Type": "text/html; charset=utf-8",
    "Cross-Origin-Opener-Policy": "same-origin",
};
/** Each name contains a hash of the content, so a copy that is cached for a year is never out of date. */
const ASSET_CACHING = "public, max-age=31536000, immutable";
/** What the page loads, by path. */
export const assetPaths = new Map(Object.entries(assets).map(([name, asset]) => [`/assets/${name}`, asset]));
/** Whether the sender prefers a page to JSON. Without a preference it gets JSON. */
export function prefersPage({ headers }) {
    const accepted = headers.get("Accept") ?? "";
    return qualityOf(accepted, PAGE) > qualityOf(accepted, DATA);
}
/** The page, for a request to `path`. It reads from its own address what to show. */
export function pageResponse(path, status = 200) {
    // A slash within a bucket's name is encoded, so each one is a step.
    const depth = path.split("/").length - 2;
    const html = pageHtml.replaceAll('"assets/', `"${"../".repeat(depth)}assets/`);
    return new Response(html, { status, headers: PAGE_FIELDS });
}
/** One of the files that the page loads. */
export function assetResponse({ mediaType, text }) {
    const headers = {
        ...COMMON_FIELDS,
        "Cache-Control": ASSET_CACHING,
        "Content-Type": mediaType,
    };
    return new Response(text, { headers });
}
