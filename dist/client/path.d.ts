/** The path of a bucket's calls. */
export declare function pathOf(bucket: string): string;
