/**
 * `sluice watch`: shows a bucket's tokens and queue, live. On a terminal it draws; otherwise, and
 * with `--json`, it writes one line of JSON for each message of the feed.
 */
import type { WatchOptions } from "../client/watch/watch.ts";
import type { WatchMessage } from "../protocol/watch-feed.ts";
import type { Terminal } from "./terminal.ts";

import { watchBucket } from "../client/watch/watch.ts";
import { exitCodes } from "./exit-code.ts";
import { onLiveScreen } from "./live-screen.ts";
import { WatchView } from "./watch-view.ts";

/** Interval of redraws that show only the passage of time: ten a second look smooth. */
const REDRAW_MS = 100;

/** Parsed arguments of `sluice watch`. */
export interface WatchCommand {
  readonly options: WatchOptions;
  readonly bucket: string;
  readonly isJson: boolean;
}

type Messages = AsyncIterable<WatchMessage>;
/** Watches, and calls back each time the connection is lost. */
type Follow = (onLost: () => void) => Messages;

/** Resolves with the exit code once the terminal's signal aborts. Rejects as the feed does. */
export async function watch(command: WatchCommand, terminal: Terminal): Promise<number> {
  const { options, bucket, isJson } = command;
  const { signal } = terminal;
  const follow = (onLost: () => void): Messages => {
    return watchBucket(options, bucket, { signal, onLost });
  };
  try {
    await (isJson || !process.stdout.isTTY ? write(follow, terminal) : draw(follow));
  } catch (error) {
    if (!terminal.signal.aborted) throw error;
  }
  return exitCodes.ok;
}

/** Writes one line for each message, and a note for the user when the connection is lost. */
async function write(follow: Follow, terminal: Terminal): Promise<void> {
  let isLost = false;
  const messages = follow(() => {
    if (!isLost) terminal.note("sluice: connection lost, reconnecting");
    isLost = true;
  });
  for await (const message of messages) {
    isLost = false;
    terminal.print(JSON.stringify(message));
  }
}

async function draw(follow: Follow): Promise<void> {
  const view = new WatchView();
  let clockAheadMs = 0;
  const nowMs = (): number => Date.now() + clockAheadMs;
  await onLiveScreen(
    (columns, rows) => view.lines(nowMs(), columns, rows),
    async (redraw) => {
      const timer = setInterval(redraw, REDRAW_MS);
      try {
        const messages = follow(() => {
          view.lose(nowMs());
          redraw();
        });
        for await (const message of messages) {
          clockAheadMs = message.atMs - Date.now();
          view.add(message);
          redraw();
        }
      } finally {
        clearInterval(timer);
      }
    },
  );
}
