/** The path of a bucket's calls. */
export function pathOf(bucket: string): string {
  return `/buckets/${encodeURIComponent(bucket)}`;
}
