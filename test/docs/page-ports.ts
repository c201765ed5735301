/** Ports of this machine that a page uses, as it prints them. */
import { connect } from "node:net";
import { setTimeout } from "node:timers/promises";

import type { BlockStep } from "./steps.ts";

/** As in `http://localhost:8787`, `--port 3000`, `PORT=3000`, `listen(9000)` and `port: 9000`. */
const PORT =
  /(?:localhost:|127\.0\.0\.1:|--port[ =]|PORT=|\.listen\(|\bport: ?)(?<port>\d{4,5})\b/g;
const WRANGLER_PORT = 8787;
/** A server of the page before is ended, and its port may be free a moment later. */
const FREE_MS = 5_000;
const POLL_MS = 200;

export function portsOf(blocks: readonly BlockStep[]): number[] {
  const run = blocks.filter(({ mark }) => mark.kind !== "not-run").map(({ text }) => text);
  const named = run.flatMap((text) =>
    [...text.matchAll(PORT)].map(({ groups }) => groups?.["port"]),
  );
  const usesWrangler = run.some((text) => /wrangler dev|npm (start|run dev)/.test(text));
  return [...new Set([...named.map(Number), ...(usesWrangler ? [WRANGLER_PORT] : [])])];
}

/** @throws {Error} If something listens there. */
export async function assertFree(port: number, page: string): Promise<void> {
  const deadline = performance.now() + FREE_MS;
  while (await isTaken(port)) {
    if (performance.now() > deadline) {
      throw new Error(`Port ${port} is taken, and ${page} needs it: end what listens there`);
    }
    await setTimeout(POLL_MS);
  }
}

function isTaken(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "localhost" });
    const settle = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.once("connect", () => settle(true));
    socket.once("error", () => settle(false));
  });
}
