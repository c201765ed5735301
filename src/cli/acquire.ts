/** `sluice acquire`: waits for tokens, then prints the outcome or runs a command. */
import type { AcquireOutcome } from "../client/acquire-outcome.ts";
import type { AcquireOptions, Client, QueuedPlace } from "../client/client.ts";
import type { Terminal } from "./terminal.ts";

import { settledWithin } from "../client/transport/settled-within.ts";
import { formatDuration } from "./duration.ts";
import { exitCodeOfOutcome } from "./exit-code.ts";
import { runCommand } from "./run-command.ts";

/** Parsed arguments of `sluice acquire`. */
export interface AcquireCommand {
  readonly bucket: string;
  readonly asked: Pick<AcquireOptions, "tokens" | "limits" | "timeoutMs" | "idempotencyKey">;
  readonly isJson: boolean;
  readonly isQuiet: boolean;
  /** Command to run once the tokens are granted; none if empty. */
  readonly command: readonly string[];
}

/** How long an interrupted program waits for its cancel call to reach Sluice. */
const MAX_CANCEL_MS = 1_000;

/** Resolves with the exit code. Rejects as `Client.acquire` does. */
export async function acquire(
  client: Client,
  acquireCommand: AcquireCommand,
  terminal: Terminal,
): Promise<number> {
  const {
    isJson,
    isQuiet,
    command: [command, ...args],
  } = acquireCommand;
  const outcome = await ask(client, acquireCommand, terminal);
  terminal.clearProgress();
  // If there is a command, standard output belongs to it.
  const write = command === undefined && outcome.ok ? terminal.print : terminal.note;
  if (isJson) write(JSON.stringify(outcome));
  else if (!isQuiet) write(describe(outcome));
  return outcome.ok && command !== undefined
    ? runCommand(command, args)
    : exitCodeOfOutcome(outcome);
}

async function ask(
  client: Client,
  { bucket, asked, isQuiet }: AcquireCommand,
  { signal, showProgress }: Terminal,
): Promise<AcquireOutcome> {
  const onQueued = ({ position, etaMs }: QueuedPlace): void => {
    const eta = formatDuration(etaMs);
    if (!isQuiet) showProgress(`${bucket}: position ${position}, about ${eta} to go`);
  };
  let cancelled: Promise<unknown> = Promise.resolve();
  const waitUntil = (promise: Promise<unknown>): void => void (cancelled = promise);
  try {
    const isWaiting = asked.timeoutMs !== 0;
    return await client.acquire(bucket, {
      ...asked,
      signal,
      waitUntil,
      ...(isWaiting && { onQueued }),
    });
  } finally {
    await settledWithin(cancelled, MAX_CANCEL_MS);
  }
}

function describe(outcome: AcquireOutcome): string {
  const { bucket, tokens } = outcome;
  const what = tokens === 1 ? "1 token" : `${tokens} tokens`;
  if (!outcome.ok) {
    const { reason, detail, retryAfterMs } = outcome;
    const retry = retryAfterMs === undefined ? "" : `; retry in ${formatDuration(retryAfterMs)}`;
    return `${reason}: ${detail}${retry}`;
  }
  if (outcome.isUnmetered === true) return "Sluice cannot be reached: continuing without a token";
  const { waitedMs, remaining, limits = {} } = outcome;
  const others = Object.entries(limits).map(([name, limit]) => {
    return `; ${limit.tokens} of ${name}, ${limit.remaining} remaining`;
  });
  const after = formatDuration(waitedMs);
  return `granted ${what} of ${bucket} after ${after}, ${remaining} remaining${others.join("")}`;
}
