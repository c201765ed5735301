/** What a scene did, in fewer words: instants are left out where a row's own says enough. */
import type { AcquireRequest } from "../../../src/core/turn.ts";
import type { Scene } from "../../../kit/model/limiters.ts";

import { epochMs } from "../../../kit/model/limiters.ts";

/** Lines such as `Bob granted, 1 left` and `Bob timeout, retry in 5000`; answers stay as they are. */
export function brief(lines: readonly unknown[]): unknown[] {
  return lines.map((line) => {
    if (typeof line !== "string") return line;
    return line
      .replace(/ granted \d+ at \d+ after \d+,/, " granted,")
      .replace(/ refused: ([a-z-]+), retry after /, " $1, retry in ");
  });
}

/** Somebody who has to wait, and when it would be granted as things stand. */
export function arrive(
  scene: Scene,
  atMs: number,
  caller: string,
  request?: Omit<AcquireRequest<string>, "caller">,
): string {
  const lines = scene.acquire(atMs, caller, request);
  const grantAtMs = (scene.limiter.lastPlace?.grantAtMs ?? Number.NaN) - epochMs;
  return `${lines.join(", ")} until ${grantAtMs}`;
}
