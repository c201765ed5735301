/**
 * Runs a command under its grant: a permit is kept until the command has ended, however it does, and a
 * hold is extended until then. The command learns of both by its environment.
 */
import type { Granted } from "../client/acquire-outcome.ts";
import type { Client } from "../client/client.ts";
import type { Terminal } from "./terminal.ts";

import { verbsOf } from "../client/holds/with-hold.ts";
import { settledWithin } from "../client/transport/settled-within.ts";
import { HeldGrant } from "../holding/held-grant.ts";
import { exitCodes } from "./exit-code.ts";
import { runCommand } from "./run-command.ts";

/** How long a program whose command has ended waits for its permit to be given back. */
const MAX_RELEASE_MS = 5_000;

/** How the command was granted its tokens. */
export interface GrantedRun {
  readonly granted: Granted;
  /** When it was asked for, as `performance.now()`. */
  readonly askedAtMs: number;
  readonly holdMs: number | undefined;
  readonly command: string;
  readonly args: readonly string[];
}

/** Resolves with the exit code: see `runCommand`, or `permitLost`. */
export async function runGranted(
  client: Client,
  { granted, askedAtMs, holdMs, command, args }: GrantedRun,
  { note }: Terminal,
): Promise<number> {
  const { bucket, hold, permit } = granted;
  const report = (error: unknown): void => note(`sluice: ${messageOf(error)}`);
  const verbs = verbsOf(client, bucket);
  const held = new HeldGrant(granted, { verbs, askedAtMs, holdMs, signal: undefined, report });
  const code = await runCommand(command, args, {
    signal: held.signal,
    env: {
      ...(hold && { SLUICE_HOLD: hold.id }),
      ...(permit && { SLUICE_PERMIT: permit.id, SLUICE_FENCE: String(permit.fence) }),
    },
  });
  const { aborted: isLost, reason } = held.signal;
  if (isLost) report(reason);
  held.end();
  await settledWithin(held.ended, MAX_RELEASE_MS);
  return isLost ? exitCodes.permitLost : code;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
