/** Prometheus and promtool, with the configuration of ops/prometheus. */
import { execFile } from "node:child_process";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { promisify } from "node:util";

import { projectDir } from "../../serve/worker-bundle.ts";
import { ProcessGroup } from "./process-group.ts";
import { freePort } from "./server.ts";

const START_TIMEOUT_MS = 20_000;
const POLL_MS = 50;
const HINT = "This test needs Prometheus and promtool: .ci/prometheus fetches Debian's package";

const folder = join(projectDir, "ops/prometheus");
/** Where .ci/prometheus puts them, after what is installed. */
const env = {
  ...process.env,
  PATH: `${process.env["PATH"]}:${join(projectDir, ".prometheus/usr/bin")}`,
};

/** A Sluice to scrape. */
interface Target {
  readonly url: string;
  /** With the right to read. */
  readonly apiKey: string;
}

/** A time series at an instant. */
export interface Series {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: number;
}

/**
 * Runs promtool in ops/prometheus; resolves with what it prints.
 *
 * @throws {Error} If it isn't there, or finds a fault, which the message has.
 */
export async function promtool(...args: readonly string[]): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)("promtool", [...args], { cwd: folder, env });
    return stdout;
  } catch (cause) {
    const isMissing = cause instanceof Error && "code" in cause && cause.code === "ENOENT";
    const output = isMissing ? HINT : Object.values(cause as object).join("\n");
    throw new Error(`promtool ${args.join(" ")}: ${output}`, { cause });
  }
}

/** A Prometheus on a free port of 127.0.0.1, which scrapes one Sluice every second. */
export class Prometheus implements AsyncDisposable {
  readonly #url: string;
  readonly #group: ProcessGroup;
  readonly #dir: string;

  private constructor(port: number, group: ProcessGroup, dir: string) {
    this.#url = `http://127.0.0.1:${port}`;
    this.#group = group;
    this.#dir = dir;
  }

  /**
   * Starts it with the configuration and the alerts of ops/prometheus. Resolves when it answers.
   *
   * @throws {Error} If it isn't installed or doesn't start, with its output.
   */
  static async start({ url, apiKey }: Target): Promise<Prometheus> {
    const dir = await mkdtemp(join(tmpdir(), "sluice-prometheus-"));
    const written = await readFile(join(folder, "prometheus.yml"), "utf8");
    const configuration = written
      .replace("127.0.0.1:8787", new URL(url).host)
      .replaceAll("_interval: 15s", "_interval: 1s");
    await cp(join(folder, "alerts.yml"), join(dir, "alerts.yml"));
    await writeFile(join(dir, "prometheus.yml"), configuration);
    await writeFile(join(dir, "sluice-api-key"), apiKey);
    const port = await freePort();
    const args = [
      `--config.file=${join(dir, "prometheus.yml")}`,
      `--storage.tsdb.path=${join(dir, "data")}`,
      `--web.listen-address=127.0.0.1:${port}`,
      "--log.level=warn",
    ];
    const group = new ProcessGroup("prometheus", args, { env });
    const prometheus = new Prometheus(port, group, dir);
    try {
      await group.until(async (signal) => {
        while (!(await prometheus.#isReady())) await setTimeout(POLL_MS, undefined, { signal });
      }, START_TIMEOUT_MS);
      return prometheus;
    } catch (cause) {
      await prometheus[Symbol.asyncDispose]();
      throw new Error(`${HINT}: ${String(cause)}`, { cause });
    }
  }

  /**
   * The series of an expression that returns a vector, as of now.
   *
   * @throws {Error} If Prometheus refuses it, with its reason.
   */
  async query(expr: string): Promise<readonly Series[]> {
    const data = await this.#get<{ readonly result: readonly RawSeries[] }>(
      `query?query=${encodeURIComponent(expr)}`,
    );
    return data.result.map(({ metric, value: [, text] }) => ({ metric, value: Number(text) }));
  }

  /** The alerts that it evaluates, each with the error of its last evaluation, if there was one. */
  async rules(): Promise<readonly { readonly name: string; readonly lastError?: string }[]> {
    const { groups } = await this.#get<{ readonly groups: readonly RuleGroup[] }>("rules");
    return groups.flatMap(({ rules }) => rules);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#group.kill();
    await rm(this.#dir, { recursive: true, force: true });
  }

  async #get<Data>(path: string): Promise<Data> {
    const response = await fetch(`${this.#url}/api/v1/${path}`);
    const body = (await response.json()) as { readonly data: Data; readonly error?: string };
    if (body.error !== undefined) throw new Error(`Prometheus refuses ${path}: ${body.error}`);
    return body.data;
  }

  async #isReady(): Promise<boolean> {
    const response = await fetch(`${this.#url}/-/ready`).catch(() => undefined);
    return response?.ok === true;
  }
}

interface RawSeries {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [atS: number, value: string];
}

interface RuleGroup {
  readonly rules: readonly { readonly name: string; readonly lastError?: string }[];
}
