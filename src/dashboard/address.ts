/**
 * Which address shows which bucket. A base is where Sluice is, as a browser reaches it, with a slash at
 * the end: a reverse proxy may have put it under a path.
 */

/** What `/` shows: the bucket of the README's first example, so that its callers appear. */
const FIRST_BUCKET = "x";

/** The base, from the address of what lies in its folder `assets`. */
export function baseOf(assetUrl: string): string {
  return new URL("../", assetUrl).href;
}

/** The bucket that is shown at `url`; a name whose encoding is broken, as it stands. */
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

/** Where a bucket is shown. */
export function urlOfBucket(base: string, bucket: string): string {
  return `${base}buckets/${encodeURIComponent(bucket)}`;
}

/** Where a bucket is asked; more of the query may follow. */
export function acquireUrl(base: string, bucket: string): string {
  return `${base}acquire?bucket=${encodeURIComponent(bucket)}`;
}

/** A command that asks for a token of the bucket. What a name may hold needs no more than the quotes. */
export function curlCommand(base: string, bucket: string, needsToken: boolean): string {
  const header = needsToken ? ' -H "Authorization: Bearer $TOKEN"' : "";
  return `curl${header} "${acquireUrl(base, bucket)}"`;
}
