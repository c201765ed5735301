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
import { type Asset } from "../../dashboard/assets.ts";
/** What the page loads, by path. */
export declare const assetPaths: ReadonlyMap<string, Asset>;
/** Whether the sender prefers a page to JSON. Without a preference it gets JSON. */
export declare function prefersPage({ headers }: Request): boolean;
/** The page, for a request to `path`. It reads from its own address what to show. */
export declare function pageResponse(path: string, status?: 200 | 404): Response;
/** One of the files that the page loads. */
export declare function assetResponse({ mediaType, text }: Asset): Response;
