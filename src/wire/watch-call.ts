/**
 * How the Worker passes a watcher to the object: in the URL of a request that it builds from scratch, as with
 * an acquire (see acquire-call.ts).
 */
import type { NamedPolicyFields } from "../protocol/bucket-snapshot.ts";

/** The host of a Durable Object's URL means nothing. */
const OBJECT_URL = "https://bucket/watch?";

/** The bucket to watch. */
export interface WatchCall {
  readonly bucket: string;
  /** The configured policy. */
  readonly policy: NamedPolicyFields;
}

/** The request that carries `call`: an upgrade to a WebSocket. */
export function watchRequest(call: WatchCall): Request {
  const url = OBJECT_URL + encodeURIComponent(JSON.stringify(call));
  return new Request(url, { headers: { Upgrade: "websocket" } });
}

/**
 * The call in the URL of a request.
 *
 * @throws {TypeError} If the URL holds no call: `watchRequest` did not build it.
 */
export function decodeWatchCall(url: string): WatchCall {
  if (!url.startsWith(OBJECT_URL)) throw new TypeError("Cannot watch: the URL holds no call");
  return JSON.parse(decodeURIComponent(url.slice(OBJECT_URL.length)));
}
