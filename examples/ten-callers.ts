/**
 * The test of the original exercise: a bucket with a capacity of one token, refilled with one token a second,
 * and ten threads that all ask at once. The first is granted at once, the others a second apart, on the grid
 * that starts with the first grant, in order of arrival.
 *
 *     npm run demo                                    in this process
 *     npm run demo -- --url http://localhost:8787     against a running Sluice
 *
 * Exits with status 1 if a caller is refused, granted early or granted out of turn.
 */
import { parseArgs } from "node:util";

import { DemoError } from "./demo-error.ts";
import { GrantLog } from "./grant-log.ts";
import { askFilter } from "./in-process.ts";
import { askServer } from "./over-http.ts";

/** The policy of the exercise: capacity 1, one token each interval. */
const INTERVAL_MS = 1_000;
/** The default limit of a policy on waiting, within which the last caller has to be served. */
const MAX_WAIT_MS = 60_000;
const MAX_CALLERS = MAX_WAIT_MS / INTERVAL_MS + 1;

const USAGE = `Usage: npm run demo -- [--callers N] [--url URL]

Sends callers named Thread_1, Thread_2, … all at once to a bucket with a capacity of one
token, refilled with one token a second. Prints each grant, and how far it was off the grid.

  --callers N  number of callers, 1 to ${MAX_CALLERS} (default: 10)
  --url URL    ask a running Sluice, such as http://localhost:8787, instead of a filter in
               this process
  --help       print this help`;

interface Options {
  readonly callers: number;
  readonly url: URL | undefined;
  readonly isHelp: boolean;
}

function readOptions(args: string[]): Options {
  const { callers, url, help } = parse(args);
  const count = /^\d{1,9}$/.test(callers) ? Number(callers) : 0;
  if (count < 1 || count > MAX_CALLERS) {
    const why = `the last one waits ${MAX_WAIT_MS / 1000} s, the default limit on waiting`;
    throw new DemoError(`--callers must be 1 to ${MAX_CALLERS} (${why}): got ${callers}`);
  }
  return { callers: count, url: url === undefined ? undefined : readUrl(url), isHelp: help };
}

function parse(args: string[]): { callers: string; url?: string; help: boolean } {
  try {
    const { values } = parseArgs({
      args,
      options: {
        callers: { type: "string", default: "10" },
        url: { type: "string" },
        help: { type: "boolean", default: false },
      },
    });
    return values;
  } catch (error) {
    // The message names the unknown option or the missing value.
    throw new DemoError(`${(error as Error).message}\n\n${USAGE}`);
  }
}

function readUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== "http:" && url?.protocol !== "https:") {
    throw new DemoError(`--url must start with http:// or https://: got ${text}`);
  }
  return url;
}

async function main(): Promise<void> {
  const { callers, url, isHelp } = readOptions(process.argv.slice(2));
  if (isHelp) {
    console.log(USAGE);
    return;
  }
  const names = Array.from({ length: callers }, (_, i) => `Thread_${i + 1}`);
  const log = new GrantLog(INTERVAL_MS);
  const onGrant = (name: string, grantedAtMs: number): void => {
    console.log(log.add(name, grantedAtMs));
  };
  if (url) await askServer(url, names, INTERVAL_MS, onGrant);
  else await askFilter(names, INTERVAL_MS, onGrant);

  for (const fault of log.faults(names)) {
    console.error(fault);
    process.exitCode = 1;
  }
  console.log(log.summary(names));
}

try {
  await main();
} catch (error) {
  console.error(error instanceof DemoError ? error.message : error);
  process.exitCode = 1;
}
