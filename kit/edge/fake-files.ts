/** The files of buckets, as a test sets them up. */
import type { BucketFiles, FileState } from "../../src/worker/config/bucket-files.ts";

import { shardNamed } from "../../src/directory/shards.ts";

/** Files that a test describes; records which are set aside. */
export class FakeFiles implements BucketFiles {
  readonly setAsideNames: string[] = [];
  areUnused = true;
  state: FileState | undefined = undefined;
  asks = 0;

  async isUnused(name: string): Promise<boolean> {
    // The directory is that of all tests.
    return this.areUnused && shardNamed(name) === undefined;
  }

  async stateOf(): Promise<FileState | undefined> {
    this.asks += 1;
    return this.state;
  }

  async setAside(name: string): Promise<boolean> {
    this.setAsideNames.push(name);
    return true;
  }
}
