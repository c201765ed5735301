/**
 * Maps URLs to buckets. A base is the URL of Sluice as a browser reaches it, with a trailing slash;
 * behind a reverse proxy it may have a path.
 */

/** The bucket shown at `/`: that of the README's first example, so that its callers appear. */
const FIRST_BUCKET = "x";

/** The base, from the URL of a file in its folder `assets`. */
export function baseOf(assetUrl: string): string {
  return new URL("../", assetUrl).href;
}

/** The bucket shown at `url`. If its name has a broken encoding, the raw name. */
export function bucketAt(url: string, base: string): string {
  const path = new URL(url).pathname.slice(new URL(base).pathname.length);
  const segment = /^buckets\/(.*)$/.exec(path)?.[1];
  if (segment === undefined) return FIRST_BUCKET;
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
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
