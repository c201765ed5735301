/**
 * The HTTP API that `@upstash/redis` talks to, in front of a local Redis: commands as JSON, one
 * (`POST /`) or several (`POST /pipeline`). Samples that use it run unchanged and without a network.
 *
 * Their scripts start with a line of flags that Redis 7 rejects (`allow-key-locking` is Upstash's own). That
 * line is removed here, which changes a script's hash, so the hashes are translated.
 */
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";

import { createClient, type RedisArgument } from "@redis/client";

import { Redis } from "../../kit/processes/redis.ts";

type Answer = { result: unknown } | { error: string };

/** The service, with the Redis it runs on. */
export class UpstashRest implements AsyncDisposable {
  readonly #redis: Redis;
  readonly #client: ReturnType<typeof createClient>;
  readonly #server: Server;
  /** Maps the hash of a script as clients know it to the hash that Redis knows. */
  readonly #hashes = new Map<string, string>();
  /** The commands received, in order. */
  readonly commands: string[][] = [];

  private constructor(redis: Redis) {
    this.#redis = redis;
    this.#client = createClient({ url: `redis://127.0.0.1:${redis.port}` });
    this.#server = createServer((request, response) => {
      void this.#answer(request).then((answer) => {
        response.writeHead("error" in answer ? 400 : 200, { "Content-Type": "application/json" });
        response.end(JSON.stringify(answer));
      });
    });
  }

  static async start(): Promise<UpstashRest> {
    const rest = new UpstashRest(await Redis.start());
    try {
      await rest.#client.connect();
      rest.#server.listen(0, "127.0.0.1");
      await once(rest.#server, "listening");
      return rest;
    } catch (error) {
      await rest[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** The variables that `Redis.fromEnv()` reads. */
  get env(): { UPSTASH_REDIS_REST_URL: string; UPSTASH_REDIS_REST_TOKEN: string } {
    const { port } = this.#server.address() as AddressInfo;
    return {
      UPSTASH_REDIS_REST_URL: `http://127.0.0.1:${port}`,
      UPSTASH_REDIS_REST_TOKEN: "local",
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    if (this.#client.isOpen) this.#client.destroy();
    await this.#redis[Symbol.asyncDispose]();
  }

  async #answer(request: IncomingMessage): Promise<Answer | Answer[]> {
    const asked = (await json(request)) as unknown[] | unknown[][];
    if (request.url !== "/pipeline") return this.#run(asked);
    return Promise.all((asked as unknown[][]).map((command) => this.#run(command)));
  }

  async #run(asked: readonly unknown[]): Promise<Answer> {
    const command = asked.map((part) => (typeof part === "string" ? part : JSON.stringify(part)));
    this.commands.push(command);
    try {
      return { result: encoded(await this.#client.sendCommand(this.#translated(command))) };
    } catch (error) {
      return { error: error instanceof Error ? error.message : String(error) };
    }
  }

  #translated([name = "", script = "", ...rest]: readonly string[]): RedisArgument[] {
    switch (name.toLowerCase()) {
      case "eval": {
        const known = script.replace(/^#!lua flags=allow-key-locking\n/, "");
        this.#hashes.set(hashOf(script), hashOf(known));
        return [name, known, ...rest];
      }
      case "evalsha": {
        return [name, this.#hashes.get(script) ?? script, ...rest];
      }
      default: {
        return [name, script, ...rest].slice(0, script === "" ? 1 : undefined);
      }
    }
  }
}

function hashOf(script: string): string {
  return createHash("sha1").update(script).digest("hex");
}

/** Encodes strings in base64, which the client asks for. */
function encoded(result: unknown): unknown {
  if (Array.isArray(result)) return result.map(encoded);
  return typeof result === "string" ? Buffer.from(result).toString("base64") : result;
}
