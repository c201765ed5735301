/**
 * An acquire whose caller watches the queue: a stream of `queued` events, and in the end the plain
 * answer as an event.
 *
 * The stream is the Worker's and not the object's, so that it goes on when the object is reset. The
 * heartbeat is here for the same reason, and so that a thousand watchers cost their object nothing while
 * nothing happens.
 */
import type { HeldPlace, QueuedBody } from "../protocol.ts";
import type { PlaceFollower } from "./acquire-lines.ts";

import { eventStreamResponse, eventText, HEARTBEAT, lastEventText } from "./event-stream.ts";
import { LatestStream } from "./latest-stream.ts";

/**
 * After so long without an event comes a heartbeat. Behind a proxy only a write that fails tells of a
 * client that has left, and the first one after that may still go into a buffer: two have to fit in a
 * second, with the way.
 */
const HEARTBEAT_MS = 400;

/**
 * The response to an acquire. Its head is sent at once: whatever comes of `acquire` is an event.
 *
 * @param acquire Settles with the plain answer. When the caller leaves, the follower's signal aborts.
 * @param failed The plain answer where that rejects.
 */
export function streamedAcquire(
  acquire: (follower: PlaceFollower) => Response | Promise<Response>,
  failed: (error: unknown) => Response,
): Response {
  const leaving = new AbortController();
  const { signal } = leaving;
  const events = new LatestStream((reason) => leaving.abort(reason));
  let timer: ReturnType<typeof setTimeout> | null = null;
  const restart = (): void => {
    clearTimeout(timer);
    timer = setTimeout(beat, HEARTBEAT_MS);
  };
  const beat = (): void => {
    if (!events.hasUnread) events.put(HEARTBEAT);
    restart();
  };
  restart();
  signal.addEventListener("abort", () => clearTimeout(timer), { once: true });

  let last: HeldPlace | undefined;
  const tell = (place: HeldPlace): void => {
    // A request that was put back is told its place again, which most often is the one it had.
    if (last?.position === place.position && last.grantAtMs === place.grantAtMs) return;
    last = place;
    const { position, etaMs } = place;
    events.put(eventText("queued", JSON.stringify({ position, etaMs } satisfies QueuedBody)));
    restart();
  };
  const settle = async (): Promise<void> => {
    let answer;
    try {
      answer = await acquire({ tell, signal });
    } catch (error) {
      if (signal.aborted) return;
      answer = failed(error);
    }
    clearTimeout(timer);
    const body = await answer.text();
    // In a stream the end of the line is the event's.
    events.end(lastEventText(answer.ok ? "granted" : "refused", body.trimEnd()));
  };
  void settle();
  return eventStreamResponse(events.readable);
}
