/** Starts nginx in front of a server, with the configuration of examples/self-hosted. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";

import { projectDir } from "../../serve/worker-bundle.ts";
import { ProcessGroup } from "./process-group.ts";
import { freePort } from "./server.ts";

const START_TIMEOUT_MS = 20_000;
const POLL_MS = 20;
/** Debian's package installs it in a directory that isn't in an ordinary user's PATH. */
const SEARCH_PATH = `${process.env["PATH"]}:/usr/sbin`;

const example = join(projectDir, "examples/self-hosted/nginx.conf");

/** An nginx in one process, on a free port of 127.0.0.1. */
export class Nginx implements AsyncDisposable {
  readonly url: string;
  readonly #group: ProcessGroup;
  readonly #dir: string;

  private constructor(port: number, group: ProcessGroup, dir: string) {
    this.url = `http://127.0.0.1:${port}`;
    this.#group = group;
    this.#dir = dir;
  }

  /**
   * Starts it in front of `target`, the URL of a server on this machine. Resolves when it listens.
   *
   * @throws {Error} If nginx isn't installed or doesn't start, with its output.
   */
  static async start(target: string): Promise<Nginx> {
    const dir = await mkdtemp(join(tmpdir(), "sluice-nginx-"));
    const port = await freePort();
    const configPath = join(dir, "nginx.conf");
    await writeFile(configPath, configuration(dir, port, await readFile(example, "utf8"), target));
    const args = ["-c", configPath, "-p", dir, "-e", "stderr"];
    const env = { ...process.env, PATH: SEARCH_PATH };
    const group = new ProcessGroup("nginx", args, { env });
    const nginx = new Nginx(port, group, dir);
    try {
      await group.until(async (signal) => {
        while (!(await isListening(port))) await setTimeout(POLL_MS, undefined, { signal });
      }, START_TIMEOUT_MS);
      return nginx;
    } catch (cause) {
      await nginx[Symbol.asyncDispose]();
      const hint = "This test needs nginx (Debian's package nginx; .ci/run installs it)";
      throw new Error(`${hint}: ${String(cause)}`, { cause });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#group.kill();
    await rm(this.#dir, { recursive: true, force: true });
  }
}

function configuration(dir: string, port: number, servers: string, target: string): string {
  const { host } = new URL(target);
  const here = servers
    .replace("server 127.0.0.1:8787;", `server ${host};`)
    .replace("listen 80;", `listen 127.0.0.1:${port};`);
  const folders = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
    (kind) => `${kind}_temp_path ${dir}/${kind};`,
  );
  return `daemon off;
master_process off;
pid ${dir}/nginx.pid;
error_log stderr error;
events { worker_connections 1024; }
http {
access_log off;
${folders.join("\n")}
${here}
}
`;
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("error", () => resolve(false));
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
  });
}
