/**
 * `npm start`: Sluice on this machine, under `wrangler dev`, open to everybody on it.
 *
 *   npm start [-- OPTIONS]        wrangler's, as in `--port 9000`
 *
 * If its port is taken, wrangler moves to another one, and no command in the docs works. If a policy is illegal,
 * every request is answered with 500. This script stops with a message instead.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { constants } from "node:os";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

import { readPolicies } from "../src/worker/config/policy-table.ts";
import { policyFaults } from "./policy-faults.mjs";

const POLL_MS = 100;
/** In this time wrangler prints its line about the call that found it ready. */
const LOG_LINE_MS = 250;

const wrangler = fileURLToPath(
  new URL("../node_modules/wrangler/bin/wrangler.js", import.meta.url),
);

const args = process.argv.slice(2);
const { values } = parseArgs({
  args,
  options: {
    ip: { type: "string" },
    port: { type: "string" },
    config: { type: "string", short: "c" },
  },
  // The other options are wrangler's to judge.
  strict: false,
});
const { ip = "127.0.0.1", port = "8787" } = values;
const url = `http://${values.ip ?? "localhost"}:${port}`;

/** The policies given by `--var`, as JSON text. */
function givenPolicies() {
  return args.map((arg) => /^(?:--var=)?POLICIES:(.*)$/s.exec(arg)?.[1]).findLast(Boolean);
}

/** What every request would be answered with. */
async function faultsOfPolicies() {
  const given = givenPolicies();
  const ofGiven = given === undefined ? [] : readPolicies(given).faults;
  return [...ofGiven, ...(await policyFaults(values.config))];
}

async function isTaken() {
  const probe = createServer();
  probe.listen(Number(port), ip);
  try {
    await once(probe, "listening");
    probe.close();
    return false;
  } catch (error) {
    // Whatever else is wrong with it, wrangler says.
    return error.code === "EADDRINUSE";
  }
}

async function isReady() {
  try {
    return (await fetch(`${url}/healthz`)).ok;
  } catch {
    return false;
  }
}

async function showWhereToLook() {
  while (!(await isReady())) await setTimeout(POLL_MS, undefined, { ref: false });
  await setTimeout(LOG_LINE_MS, undefined, { ref: false });
  console.log(`
Sluice is running on ${url}
  Take a token:        curl '${url}/acquire?bucket=hello'
  Watch the live page: ${url}/buckets/hello
`);
}

const faults = await faultsOfPolicies().catch((error) => [error.message]);
if (faults.length > 0) {
  for (const fault of faults) console.error(fault);
  console.error("Nothing is served: correct what is wrong above, and start again");
  process.exit(1);
}

if (await isTaken()) {
  console.error(
    `Port ${port} is taken, perhaps by another "npm start": ` +
      `stop that, or run "npm start -- --port ${Number(port) + 1}"`,
  );
  process.exit(1);
}

const defaults = ["--var", "PUBLIC:true", "--var", "ALLOWED_HOSTS:localhost"];
const address = Object.entries({ ip, port }).flatMap(([name, value]) => {
  return values[name] === undefined ? [`--${name}`, value] : [];
});
// By name: the shell may run this script on the machine's Node when set-up has just installed a newer one.
const child = spawn("node", [wrangler, "dev", ...address, ...defaults, ...args], {
  stdio: "inherit",
});
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
child.once("error", (error) => {
  throw error;
});
child.once("exit", (code, signal) => {
  process.exit(code ?? 128 + constants.signals[signal]);
});
// wrangler draws the port 0 and says which.
if (port !== "0") await showWhereToLook();
