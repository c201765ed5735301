/** Against a real Sluice, with signals, it is in main.system.test.ts. */
import { expect, it } from "vitest";

import type { Client } from "../../src/client/client.ts";

import { fakeTerminal } from "../../kit/cli/fake-terminal.ts";
import { runGranted } from "../../src/cli/run-granted.ts";

const expiresAtMs = 1_500;
const granted = {
  ok: true,
  bucket: "b",
  tokens: 1,
  remaining: 0,
  waitedMs: 0,
  grantedAtMs: 0,
  hold: { id: "h", expiresAtMs },
  permit: { id: "h", fence: 7, expiresAtMs },
} as const;

function clientThat(extended: { readonly ok: boolean; readonly expiresAtMs?: number }) {
  const calls: string[] = [];
  const client = {
    extendPermit: async () => extended,
    releasePermit: async (bucket: string, id: string) => calls.push(`release ${bucket} ${id}`),
    settleHold: async (bucket: string, id: string) => {
      calls.push(`settle ${bucket} ${id}`);
      return { ok: true };
    },
  };
  return { client: client as unknown as Client, calls };
}

function run(client: Client, script: string, terminal = fakeTerminal()): Promise<number> {
  const command = { command: process.execPath, args: ["-e", script] };
  const asked = { granted, askedAtMs: performance.now(), holdMs: 60_000 };
  return runGranted(client, { ...asked, ...command }, terminal);
}

it("runGranted ends what was granted when the command ends, with the command's code", async () => {
  const { client, calls } = clientThat({ ok: true, expiresAtMs });
  const script = `
    const { SLUICE_FENCE, SLUICE_HOLD, SLUICE_PERMIT } = process.env;
    process.exit(SLUICE_FENCE + SLUICE_HOLD + SLUICE_PERMIT === "7hh" ? 3 : 4);
  `;
  expect(await run(client, script)).toBe(3);
  expect(calls.toSorted()).toEqual(["release b h", "settle b h"]);
});

it("runGranted ends the command if the permit is lost, and says so", async () => {
  const { client } = clientThat({ ok: false });
  const terminal = fakeTerminal();
  expect(await run(client, "setInterval(() => 0, 1000)", terminal)).toBe(76);
  expect(terminal.noted).toEqual([
    "sluice: The permit with fence 7 is lost: its time was up, or it was released",
  ]);
});
