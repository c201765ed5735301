/** What each check of the client's behaviour stands on: where it runs, and how it says what is wrong. */
import type { AcquireOutcome } from "../../src/client/acquire-outcome.ts";
import type { ClientOptions, ClosableClient } from "../../src/client/client.ts";

/** Where the servers of a run are. */
export interface ClientSurroundings {
  /**
   * A Sluice whose buckets `one:*` get one token every second; `five:*` hold five, and queue one
   * waiter. `held:*` hold 100 and 10,000 `tpm` and get none, with holds; so does `single:*`, without
   * `tpm`, and gives one permit at a time, for two seconds.
   */
  readonly url: string;
  /** A `FaultyServer` in front of it. */
  readonly faultyUrl: string;
  /** An address where nothing listens. */
  readonly deadUrl: string;
  readonly adminToken: string;
  /** How the clients send their acquires. */
  readonly transport: "http" | "session";
  /** Prefix of this run's bucket names. */
  readonly run: string;
}

export type HttpOptions = Partial<Extract<ClientOptions, { readonly url: string | URL }>>;

/** Arguments of a check. */
export interface Scene extends ClientSurroundings {
  /** A bucket name that no other check uses. */
  readonly bucket: string;
  readonly connect: (options?: HttpOptions) => ClosableClient;
  /** Through the faulty server. */
  readonly through: (mode: string, options?: HttpOptions) => ClosableClient;
}

/** Throws what is wrong. */
export type Check = (scene: Scene) => Promise<void>;

/**
 * Refill interval of the buckets, in milliseconds. Long enough for everything that must happen
 * between two ticks on a busy machine.
 */
export const INTERVAL_MS = 1_000;

/**
 * Longer than anything immediate takes on a busy machine, and shorter than any long wait, in
 * milliseconds.
 */
export const AT_ONCE_MS = 5_000;

export function assert(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Error(what);
}

export function assertEqual(got: unknown, expected: unknown): void {
  const [left, right] = [JSON.stringify(got), JSON.stringify(expected)];
  assert(left === right, `expected ${right}: got ${left}`);
}

export function assertGranted(
  outcome: AcquireOutcome,
): asserts outcome is AcquireOutcome & { ok: true } {
  assert(outcome.ok, `expected a grant: got ${JSON.stringify(outcome)}`);
}

export function assertRefused(
  outcome: AcquireOutcome,
  reason: string,
): asserts outcome is AcquireOutcome & { ok: false } {
  assert(
    !outcome.ok && outcome.reason === reason && outcome.detail.length > 0,
    `expected ${reason}: got ${JSON.stringify(outcome)}`,
  );
}

/** The error that `promise` rejects with. */
export async function errorOf(promise: Promise<unknown>): Promise<Error> {
  try {
    await promise;
  } catch (error) {
    assert(error instanceof Error || typeof error === "object", `thrown: ${String(error)}`);
    return error as Error;
  }
  throw new Error("expected an error: got none");
}

export async function assertThrows(promise: Promise<unknown>, name: string, message: string) {
  const error = await errorOf(promise);
  assert(
    error.name === name && error.message.includes(message),
    `expected ${name} with "${message}": got ${error.name} with "${error.message}"`,
  );
}

export async function passMs(durationMs: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, durationMs));
}

export async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (let looks = 0; looks < 1_000; looks += 1) {
    if (await isSo()) return;
    await passMs(20);
  }
  throw new Error("not as expected within 20 seconds");
}
