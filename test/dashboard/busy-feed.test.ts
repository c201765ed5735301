/** The list as a page follows it, from a real server that answers what the test says. */
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import type { BusyBuckets } from "../../src/protocol/busy-bucket.ts";

import { openBusyFeed, type BusyNews } from "../../src/dashboard/busy-feed.ts";
import type { FeedState } from "../../src/dashboard/live-feed.ts";

const LIST: BusyBuckets = { buckets: [], omitted: 3 };
const DATE = "Sun, 29 Nov 2026 18:00:00 GMT";
const ask = { prefix: "team/a b", sort: "refused", limit: 7 } as const;

type Answer = readonly [status: number, body: object] | "cut";

let server: Server;
let base: string;
let answers: Answer[];
let asked: { url: string | undefined; key: string | undefined }[];

beforeEach(async () => {
  answers = [];
  asked = [];
  server = createServer((request, response) => {
    asked.push({ url: request.url, key: request.headers.authorization });
    const answer = answers.shift() ?? "cut";
    if (answer === "cut") {
      request.socket.destroy();
      return;
    }
    response.writeHead(answer[0], { Date: DATE }).end(JSON.stringify(answer[1]));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/sluice/`;
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

/** What a feed says until it has said `count` things. */
function heard(count: number, token?: string, whenSeen = () => Promise.resolve()) {
  return new Promise<(FeedState["kind"] | BusyNews)[]>((resolve) => {
    const all: (FeedState["kind"] | BusyNews)[] = [];
    const hear = (one: FeedState["kind"] | BusyNews): void => {
      all.push(one);
      if (all.length < count) return;
      queueMicrotask(() => close());
      resolve(all);
    };
    const close = openBusyFeed(
      base,
      token,
      ask,
      { onState: ({ kind }) => hear(kind), onNews: hear },
      whenSeen,
    );
  });
}

describe("openBusyFeed", () => {
  it("asks for what is wanted, with the key in a header, and says when it was so", async () => {
    answers = [[200, LIST]];
    expect(await heard(2, "secret")).toEqual(["live", { ...LIST, atMs: Date.parse(DATE) }]);
    const url = "/sluice/buckets?recent=true&sort=refused&limit=7&prefix=team%2Fa+b";
    expect(asked).toEqual([{ url, key: "Bearer secret" }]);
  });

  it("goes on asking through a lost connection and a server that is overloaded", async () => {
    answers = ["cut", [503, { reason: "unavailable", status: 503 }], [200, LIST]];
    const all = await heard(4);
    expect(all.slice(0, 3)).toEqual(["lost", "lost", "live"]);
    expect(asked).toHaveLength(3);
  });

  it("gives up where asking again won't help", async () => {
    answers = [[401, { reason: "unauthorized", status: 401, detail: "No" }]];
    expect(await heard(1)).toEqual(["denied"]);
    expect(asked).toHaveLength(1);
  });

  it("asks nothing while nobody sees the page", async () => {
    answers = [
      [200, LIST],
      [200, LIST],
    ];
    const seen = Promise.withResolvers<void>();
    const done = heard(4, undefined, () => seen.promise);
    await expect.poll(() => asked.length).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    expect(asked).toHaveLength(1);
    seen.resolve();
    await done;
    expect(asked).toHaveLength(2);
  });
});
