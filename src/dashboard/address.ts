/**
 * Maps URLs to what is shown there. A base is the URL of Sluice as a browser reaches it, with a trailing slash;
 * behind a reverse proxy it may have a path.
 */

/** What a URL shows. */
export type Route =
  | { readonly kind: "home" }
  | { readonly kind: "bucket"; readonly bucket: string }
  /** Nothing: `path` is what stands behind the base. */
  | { readonly kind: "nothing"; readonly path: string };

/** The base, from the URL of a file in its folder `assets`. */
export function baseOf(assetUrl: string): string {
  return new URL("../", assetUrl).href;
}

/** What `url` shows, whatever its query and fragment. If a bucket's name has a broken encoding, the raw name. */
export function routeAt(url: string, base: string): Route {
  const path = new URL(url).pathname.slice(new URL(base).pathname.length);
  if (path === "") return { kind: "home" };
  const segment = /^buckets\/([^/]+)$/.exec(path)?.[1];
  return segment === undefined
    ? { kind: "nothing", path: decoded(path) }
    : { kind: "bucket", bucket: decoded(segment) };
}

/** The URL of a bucket's page. */
export function urlOfBucket(base: string, bucket: string): string {
  return `${base}buckets/${encodeURIComponent(bucket)}`;
}

/** The URL to acquire from a bucket; more query parameters may follow. */
export function acquireUrl(base: string, bucket: string): string {
  return `${base}acquire?bucket=${encodeURIComponent(bucket)}`;
}

/**
 * A shell command that acquires a token. Bucket names hold no characters that need more than the
 * quotes.
 */
export function curlCommand(base: string, bucket: string, needsToken: boolean): string {
  const header = needsToken ? ' -H "Authorization: Bearer $TOKEN"' : "";
  return `curl${header} "${acquireUrl(base, bucket)}"`;
}

/** The same for ten callers at once: enough for the bucket to be listed as a busy one. */
export function crowdCommand(base: string, bucket: string, needsToken: boolean): string {
  return `for i in $(seq 10); do ${curlCommand(base, bucket, needsToken)} & done; wait`;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
