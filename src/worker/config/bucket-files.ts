/**
 * What is known of the files that buckets are kept in. Only where Sluice runs on a machine of its own
 * (`npm run serve`) can anybody look at them: on Cloudflare an object that was asked for nothing leaves
 * nothing, and damage is the platform's to mend.
 */

/** The file of one bucket. */
export interface FileState {
  readonly path: string;
  /** What is wrong with it, if anything is. */
  readonly fault?: string;
}

/** The files of all buckets, by name. Nothing here rejects. */
export interface BucketFiles {
  /**
   * Whether nobody has ever come to this bucket, so that its object need not be made to say what it looks
   * like. `false` where that is not known.
   */
  isUnused(name: string): Promise<boolean>;
  /** Where its file is and how it is; `undefined` where that is not known. */
  stateOf(name: string): Promise<FileState | undefined>;
  /** Puts its file out of the way, so that the bucket begins anew; whether that was possible. */
  setAside(name: string): Promise<boolean>;
  /** Says that the bucket holds nothing, so that its file may go once it is closed. */
  noteEmptied(name: string): Promise<void>;
}
