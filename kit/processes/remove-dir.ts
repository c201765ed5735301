/** Removes a test's directory. */
import { rm } from "node:fs/promises";

/** Removes a directory that processes may still be writing to as they are killed. */
export async function removeDir(dir: string): Promise<void> {
  await rm(dir, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
}
