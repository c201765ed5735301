/** Replays a recorded case in this version. */
import type { RecordedCase, StoredState } from "./recorded-case.ts";

import { DrivenBucket } from "./driven-bucket.ts";
import { WRITE_MARK } from "./recorded-case.ts";

/** Each call of a case as text, followed by what came of it. */
export interface Transcript {
  readonly answers: readonly string[];
  readonly writes: readonly string[];
}

/** A transcript of a replay, and what it wrote. */
export interface Replay extends Transcript {
  /** Every record that was written, in order. */
  readonly records: readonly unknown[];
  /** What the disk holds at the end. */
  readonly stored: StoredState;
}

/** What came of a case when it was recorded. */
export function recordedTranscript({ steps }: RecordedCase): Transcript {
  const transcript = new WrittenTranscript();
  for (const { lines, ...step } of steps) transcript.add(step, lines);
  return transcript;
}

/** What comes of a case now. */
export async function replay({ atMs, configured, stored, steps }: RecordedCase): Promise<Replay> {
  const bucket = new DrivenBucket(atMs, configured, stored);
  const { answers, writes, add } = new WrittenTranscript();
  for (const { lines: _, ...step } of steps) add(step, await bucket.run(step, step.afterMs));
  return { answers, writes, records: bucket.written, stored: bucket.stored };
}

class WrittenTranscript implements Transcript {
  readonly answers: string[] = [];
  readonly writes: string[] = [];

  readonly add = (step: object, lines: readonly string[]): void => {
    const text = JSON.stringify(step);
    this.answers.push(text, ...lines.filter((line) => !line.startsWith(WRITE_MARK)));
    this.writes.push(text, ...lines.filter((line) => line.startsWith(WRITE_MARK)));
  };
}
