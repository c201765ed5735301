/**
 * The environment of a page's commands. It is a list, and nothing else gets in: a sample that needs a token,
 * an address or a variable has to set it. What is here is the machine's: where Node, npm and its cache are.
 */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";

/** `npm install hono` takes what was newest then, so that a page means the same packages every day. */
const NEWEST_PACKAGES = "2026-11-28";

/** How a machine reaches the registry: passed on if set. */
const NETWORK = ["NODE_EXTRA_CA_CERTS", "HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy"];

/** All variables that commands of a page have, for a page at home in `home`. */
export function readerEnvironment(home: string): Record<string, string> {
  const network = NETWORK.flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return {
    ...Object.fromEntries(network),
    PATH: [dirname(process.execPath), npmDir(), "/usr/local/bin", "/usr/bin", "/bin"].join(
      delimiter,
    ),
    HOME: home,
    LANG: "C.UTF-8",
    WRANGLER_SEND_METRICS: "false",
    npm_config_audit: "false",
    npm_config_before: NEWEST_PACKAGES,
    npm_config_cache: npmSetting("cache"),
    npm_config_fund: "false",
    npm_config_prefer_offline: "true",
    npm_config_registry: npmSetting("registry"),
    npm_config_update_notifier: "false",
  };
}

/** Names that `readerEnvironment` may have: a page sets all others itself. */
export const allowedNames: readonly string[] = [
  ...NETWORK,
  "PATH",
  "HOME",
  "LANG",
  "WRANGLER_SEND_METRICS",
  ...["audit", "before", "cache", "fund", "prefer_offline", "registry", "update_notifier"].map(
    (name) => `npm_config_${name}`,
  ),
];

/** Where npm is; npm scripts have the project's own packages before it, which a reader doesn't have. */
function npmDir(): string {
  const path = (process.env["PATH"] ?? "").split(delimiter);
  const dir = path.find(
    (entry) => !entry.includes("node_modules") && existsSync(join(entry, "npm")),
  );
  return dir ?? dirname(process.execPath);
}

const settings = new Map<string, string>();

function npmSetting(name: string): string {
  const value =
    settings.get(name) ?? execFileSync("npm", ["config", "get", name], { encoding: "utf8" }).trim();
  settings.set(name, value);
  return value;
}
