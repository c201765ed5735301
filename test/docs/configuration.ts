/** The blocks in TOML: read by wrangler as a wrangler.toml, and checked by the Worker's own code. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";

import { unstable_readConfig as readConfig } from "wrangler";

import type { PolicyFields } from "../../src/core/policy.ts";
import type { Block, Page } from "./page.ts";

import { messagesOf } from "./messages.ts";

/** What a block configures, as far as samples need it. */
export interface Configured {
  readonly policies: Readonly<Record<string, PolicyFields>>;
  /** All other variables. */
  readonly vars: Readonly<Record<string, unknown>>;
  readonly flags: readonly string[];
  readonly services: readonly { readonly binding: string; readonly entrypoint?: string }[];
  readonly objects: readonly { readonly name: string; readonly class_name: string }[];
  /** Cloudflare's rate limiting bindings. */
  readonly ratelimits: readonly { readonly name: string }[];
}

const NOTHING: Configured = {
  policies: {},
  vars: {},
  flags: [],
  services: [],
  objects: [],
  ratelimits: [],
};

/** The policies of the project's wrangler.toml, which a page's are added to. */
export const shippedPolicies = { "*": { capacity: 1, refillTokens: 1, refillIntervalMs: 1_000 } };

/**
 * What the block says.
 *
 * @throws {Error} Where wrangler or the Worker would not take it.
 */
export async function readConfiguration({ place, text }: Block, dir: string): Promise<Configured> {
  const file = join(dir, `${place.replaceAll(/[^A-Za-z0-9]+/g, "-")}.toml`);
  await writeFile(file, text);
  const { result, messages } = messagesOf(() => readConfig({ config: file }));
  const unknown = messages.find((message) => message.includes("Unexpected fields"));
  if (unknown !== undefined) throw new Error(unknown);
  const { POLICIES = {}, ...vars } = result.vars;
  await checkVariable("POLICIES", POLICIES);
  return {
    policies: POLICIES as unknown as Configured["policies"],
    vars,
    flags: result.compatibility_flags,
    services: (result.services ?? []) as Configured["services"],
    objects: result.durable_objects.bindings as Configured["objects"],
    ratelimits: result.ratelimits ?? [],
  };
}

/**
 * What all blocks of a page say together. One that is wrong is left out: its own test tells.
 *
 * @throws {Error} Where two of them give one pattern different numbers.
 */
export async function configurationOf({ blocks }: Page, dir: string): Promise<Configured> {
  let all = NOTHING;
  for (const block of blocks) {
    if (block.language !== "toml" || block.mark.kind === "not-run") continue;
    const more = await readConfiguration(block, dir).catch(() => NOTHING);
    for (const [pattern, policy] of Object.entries(more.policies)) {
      const other = all.policies[pattern];
      if (other && JSON.stringify(other) !== JSON.stringify(policy)) {
        throw new Error(`${block.place}: "${pattern}" has other numbers above`);
      }
    }
    all = {
      policies: { ...all.policies, ...more.policies },
      vars: { ...all.vars, ...more.vars },
      flags: [...new Set([...all.flags, ...more.flags])],
      services: [...all.services, ...more.services],
      objects: [...all.objects, ...more.objects],
      ratelimits: [...all.ratelimits, ...more.ratelimits],
    };
  }
  return all;
}

/**
 * Reads a variable as the Worker does.
 *
 * @throws {RangeError} With what is wrong, where the Worker would not take it.
 */
export async function checkVariable(name: string, value: unknown): Promise<void> {
  // By its path alone: what its types name is known in Workers only.
  const path = new URL("../../src/worker/settings.ts", import.meta.url).href;
  const { settingsOf } = (await import(path)) as { settingsOf: (env: object) => unknown };
  settingsOf({ POLICIES: shippedPolicies, [name]: value });
}
