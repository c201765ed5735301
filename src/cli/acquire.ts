/** `sluice acquire` and `sluice run`: wait for tokens, then print the outcome or run a command. */
import type { AcquireOutcome } from "../client/acquire-outcome.ts";
import type { AcquireOptions, Client, QueuedPlace } from "../client/client.ts";
import type { Terminal } from "./terminal.ts";

import { settledWithin } from "../client/transport/settled-within.ts";
import { formatDuration } from "./duration.ts";
import { exitCodeOfOutcome, exitCodes } from "./exit-code.ts";
import { runGranted } from "./run-granted.ts";

/** Parsed arguments of `sluice acquire` and `sluice run`. */
export interface AcquireCommand {
  readonly bucket: string;
  readonly asked: Pick<
    AcquireOptions,
    "tokens" | "limits" | "timeoutMs" | "holdMs" | "idempotencyKey" | "label"
  >;
  /** Whether it is a mistake if the bucket gives no permit. */
  readonly needsPermit: boolean;
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
    asked: { holdMs, idempotencyKey },
    needsPermit,
    command: [command, ...args],
  } = acquireCommand;
  // As in client/holds/with-hold.ts: an earlier run with this key may have been granted it.
  const askedAtMs = idempotencyKey === undefined ? performance.now() : -Infinity;
  const outcome = await ask(client, acquireCommand, terminal);
  terminal.clearProgress();
  // If there is a command, standard output belongs to it.
  const write = command === undefined && outcome.ok ? terminal.print : terminal.note;
  if (isJson) write(JSON.stringify(outcome));
  else if (!isQuiet) write(describe(outcome));
  if (!outcome.ok) return exitCodeOfOutcome(outcome);
  if (needsPermit && !outcome.permit && !outcome.isUnmetered) {
    const example = 'concurrency = { max = 3, ttl = "30s" }';
    terminal.note(
      `sluice: ${outcome.bucket} gives no permits: its policy needs concurrency, such as ${example}`,
    );
    return exitCodes.configuration;
  }
  if (command === undefined) return exitCodes.ok;
  return runGranted(client, { granted: outcome, askedAtMs, holdMs, command, args }, terminal);
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
    const { reason, detail, retryAfterMs, estimate } = outcome;
    const about = estimate ? "about " : "";
    const retry =
      retryAfterMs === undefined ? "" : `; retry in ${about}${formatDuration(retryAfterMs)}`;
    return `${reason}: ${detail}${retry}`;
  }
  if (outcome.isUnmetered === true) return "Sluice cannot be reached: continuing without a token";
  const { waitedMs, remaining, limits = {}, grantedAtMs, permit, hold } = outcome;
  const others = Object.entries(limits).map(([name, limit]) => {
    return `; ${limit.tokens} of ${name}, ${limit.remaining} remaining`;
  });
  const open = [
    permit && `; permit ${permit.id}, fence ${permit.fence}, ${untilEnd(permit, grantedAtMs)}`,
    hold && `; hold ${hold.id}, ${untilEnd(hold, grantedAtMs)}`,
  ].filter((each) => each !== undefined);
  const after = formatDuration(waitedMs);
  const further = [...others, ...open].join("");
  return `granted ${what} of ${bucket} after ${after}, ${remaining} remaining${further}`;
}

function untilEnd({ expiresAtMs }: { readonly expiresAtMs: number }, grantedAtMs: number): string {
  return `for ${formatDuration(expiresAtMs - grantedAtMs)}`;
}
