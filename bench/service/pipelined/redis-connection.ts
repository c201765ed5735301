/** Acquires from a token bucket in Redis, pipelined and without HTTP: the bytes of its protocol on a plain socket. */
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect } from "node:net";

import type { Connect } from "./load.ts";

import { busyPolicy } from "../../workers/bucket.ts";

const script = readFileSync(new URL("token-bucket.lua", import.meta.url), "utf8");
const SHA1 = /^\$40\r\n([0-9a-f]{40})\r\n$/;
/** What the script returns if it grants. */
const GRANT = /\*3\r\n:1\r\n:\d+\r\n:\d+\r\n/gy;
/** What it returns otherwise, or an error. */
const REFUSAL = /^(?:-|\*3\r\n:0)/;
/** As long as Sluice. */
const KEY_TTL_MS = 600_000;

const { capacity, refillTokens, refillIntervalMs } = busyPolicy;
const MICROS_PER_MS = 1_000;
const perMicro = refillTokens / (refillIntervalMs * MICROS_PER_MS);

/** How many connections have been opened: idempotency keys of one must not be those of another. */
let connections = 0;

/** Connects to Redis, whose acquires have idempotency keys of their own if `isKeyed`. */
export function redisBucket(bucket: string, isKeyed: boolean): Connect {
  return async (url, { granted, failed }) => {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname).setNoDelay().setEncoding("latin1");
    await once(socket, "connect");
    socket.write(command("SCRIPT", "LOAD", script));
    const [loaded] = (await once(socket, "data")) as [string];
    const sha1 = SHA1.exec(loaded)?.[1];
    if (sha1 === undefined) throw new Error(`Redis has not loaded the script: ${loaded}`);
    connections += 1;
    const keys = `bench-${String(connections).padStart(12, "0")}-`;
    const limits = [String(capacity), String(perMicro), "1", String(KEY_TTL_MS)];
    const plain = command("EVALSHA", sha1, "1", bucket, ...limits);
    let asked = 0;
    const acquire = (): string => {
      if (!isKeyed) return plain;
      asked += 1;
      const key = `${keys}${String(asked).padStart(17, "0")}`;
      return command("EVALSHA", sha1, "2", bucket, key, ...limits);
    };
    let rest = "";
    socket.on("data", (text: string) => {
      const received = rest + text;
      GRANT.lastIndex = 0;
      let count = 0;
      let end = 0;
      while (GRANT.test(received)) {
        count += 1;
        end = GRANT.lastIndex;
      }
      rest = received.slice(end);
      if (REFUSAL.test(rest)) failed(new Error(`Not granted: ${rest}`));
      else if (count > 0) granted(count);
    });
    socket.on("error", failed);
    return {
      ask(count) {
        socket.write(Array.from({ length: count }, acquire).join(""), "latin1");
      },
      close: () => socket.destroy(),
    };
  };
}

/** A command as Redis reads it. Arguments are ASCII. */
function command(...args: readonly string[]): string {
  return [`*${args.length}`, ...args.flatMap((arg) => [`$${arg.length}`, arg]), ""].join("\r\n");
}
