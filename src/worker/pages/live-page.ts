/**
 * The live page, for those who ask for a page: browsers, at an address that a person typed. Everybody
 * else gets the JSON of the same address, and so does a browser's script.
 *
 * The page holds nothing but itself, and is the same for every bucket: what it shows it asks for, as any
 * client, with the visitor's token. So it is served to whoever asks.
 *
 * All its addresses are relative, because a reverse proxy may have put Sluice under a path that nobody told
 * it: what the page loads, by how far below the top the page itself is, and what it calls, from where its
 * script lies.
 *
 * Its policy lets it load its own scripts, styles and icon, and talk to its own origin ('self' covers
 * WebSockets, by CSP 3), and nothing else: no text can become a script, whatever stands in a name.
 */
import type { Context } from "hono";

import { assets, pageHtml, type Asset } from "../../dashboard/assets.ts";
import { qualityOf } from "../http/accept.ts";
import { COMMON_FIELDS } from "../../answers/common-fields.ts";

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

/** What answers carry where a browser gets another one. */
export const VARY = { Vary: "Accept" };

const PAGE_FIELDS = {
  ...COMMON_FIELDS,
  ...VARY,
  "Content-Security-Policy": PAGE_POLICY,
  "Content-Type": "text/html; charset=utf-8",
  "Cross-Origin-Opener-Policy": "same-origin",
};

/** A name holds a hash of the content, so what is kept for a year is never out of date. */
const ASSET_CACHING = "public, max-age=31536000, immutable";

/** The paths of what the page loads, and what is there. */
export const assetPaths: ReadonlyMap<string, Asset> = new Map(
  Object.entries(assets).map(([name, asset]) => [`/assets/${name}`, asset]),
);

/** How far below the top the page is shown: at `/`, or at `/buckets/NAME`, where the name is one segment. */
export type PageDepth = 0 | 1;

const pages: Readonly<Record<PageDepth, string>> = {
  0: pageHtml,
  1: pageHtml.replaceAll('"assets/', '"../assets/'),
};

/** Whether the sender would rather have a page than JSON. Who has no preference gets JSON. */
export function prefersPage(c: Context): boolean {
  const accepted = c.req.header("Accept") ?? "";
  return qualityOf(accepted, PAGE) > qualityOf(accepted, DATA);
}

/** The page. Which bucket it shows it reads in its own address. */
export function pageResponse(depth: PageDepth): Response {
  return new Response(pages[depth], { headers: PAGE_FIELDS });
}

/** What the page loads. */
export function assetResponse({ mediaType, text }: Asset): Response {
  const headers = {
    ...COMMON_FIELDS,
    "Cache-Control": ASSET_CACHING,
    "Content-Type": mediaType,
  };
  return new Response(text, { headers });
}
