/** Which address shows which bucket. */

/** What `/` shows: the bucket of the README's first example, so that its callers appear. */
const FIRST_BUCKET = "x";

/** The bucket that is shown at `path`; a name whose encoding is broken, as it stands. */
export function bucketOfPath(path: string): string {
  const segment = /^\/buckets\/(.*)$/.exec(path)?.[1];
  if (segment === undefined) return FIRST_BUCKET;
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

/** Where a bucket is shown. */
export function pathOfBucket(bucket: string): string {
  return `/buckets/${encodeURIComponent(bucket)}`;
}

/** A command that asks for a token of the bucket. What a name may hold needs no more than the quotes. */
export function curlCommand(origin: string, bucket: string, needsToken: boolean): string {
  const header = needsToken ? ' -H "Authorization: Bearer $TOKEN"' : "";
  return `curl${header} "${origin}/acquire?bucket=${encodeURIComponent(bucket)}"`;
}
