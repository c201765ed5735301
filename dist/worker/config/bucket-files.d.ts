/**
 * What is known about the files that hold buckets. They can only be seen if Sluice runs on your own machine
 * (`npm run serve`): on Cloudflare an object that stored nothing leaves nothing, and the platform handles
 * damage.
 */
/** The file of one bucket. */
export interface FileState {
    readonly path: string;
    /** What is wrong with it, if anything. */
    readonly fault?: string;
}
/** The files of all buckets, by name. No promise rejects. */
export interface BucketFiles {
    /**
     * Whether this bucket has never been used, so that its state can be given without creating its object.
     * `false` if unknown.
     */
    isUnused(name: string): Promise<boolean>;
    /** The file's path and condition; `undefined` if unknown. */
    stateOf(name: string): Promise<FileState | undefined>;
    /** Moves the file away, so that the bucket starts over. Resolves with whether that was possible. */
    setAside(name: string): Promise<boolean>;
}
