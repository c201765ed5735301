/** The path of a bucket's calls. */
export function pathOf(bucket) {
    return `/buckets/${encodeURIComponent(bucket)}`;
}
