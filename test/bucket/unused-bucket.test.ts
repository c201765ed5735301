/** Buckets whose files can be seen: those that nobody has ever come to are answered for without an object. */
import { listDurableObjectIds } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it, vi } from "vitest";

import type { BucketFiles, FileState } from "../../src/worker/config/bucket-files.ts";

import { ONE_A_SECOND, deployed } from "../../kit/edge/deployed.ts";
import { ADMIN } from "../../kit/edge/surfaces.ts";
import { uniqueName, useVirtualTime } from "../../kit/edge/virtual-time.ts";

useVirtualTime();

/** Files as a test wants them, and what was said to be empty. */
class FakeFiles implements BucketFiles {
  readonly emptied: string[] = [];
  readonly setAsideNames: string[] = [];
  areUnused = true;
  state: FileState | undefined = undefined;
  asks = 0;

  async isUnused(): Promise<boolean> {
    return this.areUnused;
  }

  async stateOf(): Promise<FileState | undefined> {
    this.asks += 1;
    return this.state;
  }

  async setAside(name: string): Promise<boolean> {
    this.setAsideNames.push(name);
    return true;
  }

  async noteEmptied(name: string): Promise<void> {
    this.emptied.push(name);
  }
}

const put = (body: object): RequestInit => ({
  method: "PUT",
  headers: ADMIN,
  body: JSON.stringify(body),
});

/** What asks for nothing, and what no bucket of its policy can give. */
const inVain: readonly (readonly [what: string, path: (name: string) => string, RequestInit?])[] = [
  ["a snapshot", (name) => `/buckets/${name}`],
  ["metrics", (name) => `/metrics?bucket=${name}`],
  ["more tokens than fit", (name) => `/acquire?bucket=${name}&tokens=2`],
  ["more patience than allowed", (name) => `/acquire?bucket=${name}&timeoutMs=60001`],
  [
    "more tokens than fit, as a stream",
    (name) => `/acquire?bucket=${name}&tokens=2`,
    { headers: { Accept: "text/event-stream" } },
  ],
  ["an empty PUT", (name) => `/buckets/${name}`, put({})],
  ["an illegal PUT", (name) => `/buckets/${name}`, put({ initialTokens: 2 })],
  ["a DELETE", (name) => `/buckets/${name}`, { method: "DELETE", headers: ADMIN }],
  [
    "the end of a pause",
    (name) => `/buckets/${name}/pause`,
    { method: "POST", headers: ADMIN, body: JSON.stringify({ untilMs: 0 }) },
  ],
];

describe("a bucket that nobody has ever come to", () => {
  const POLICIES = { "*": ONE_A_SECOND };

  it.each(inVain.map(([what, path, init = {}]) => ({ what, path, init })))(
    "makes no object of $what, and answers as the object does",
    async ({ path, init }) => {
      const name = uniqueName("unused");
      const url = path(encodeURIComponent(name));
      const before = await listDurableObjectIds(env.BUCKETS);
      const FILES = new FakeFiles();
      const BUCKETS = {
        getByName: () => {
          throw new Error("The object is made");
        },
      };
      const without = await deployed({ POLICIES, FILES, BUCKETS }, url, init);
      expect(await listDurableObjectIds(env.BUCKETS)).toEqual(before);
      const withObject = await deployed({ POLICIES }, url, init);
      expect(without.status).toBe(withObject.status);
      expect(Object.fromEntries(without.headers)).toEqual(Object.fromEntries(withObject.headers));
      expect(await without.text()).toBe(await withObject.text());
      expect(FILES.emptied).toEqual([]);
    },
  );

  it.each([
    { what: "an acquire", path: (name: string) => `/acquire?bucket=${name}`, init: () => ({}) },
    { what: "a PUT", path: (name: string) => `/buckets/${name}`, init: () => put({ capacity: 5 }) },
    {
      what: "a pause",
      path: (name: string) => `/buckets/${name}/pause`,
      init: () => ({ ...put({ untilMs: Date.now() + 60_000 }), method: "POST" }),
    },
  ])("is used from $what on", async ({ path, init }) => {
    const name = uniqueName("used");
    const FILES = new FakeFiles();
    const answer = await deployed({ POLICIES, FILES }, path(encodeURIComponent(name)), init());
    expect(answer.status).toBe(200);
    FILES.areUnused = false;
    const snapshot = await deployed({ POLICIES, FILES }, `/buckets/${encodeURIComponent(name)}`);
    const plain = await deployed({ POLICIES }, `/buckets/${encodeURIComponent(name)}`);
    expect(await snapshot.text()).toBe(await plain.text());
  });

  it("that was used keeps an override that allows more", async () => {
    const name = uniqueName("overridden");
    const FILES = new FakeFiles();
    const path = `/buckets/${encodeURIComponent(name)}`;
    expect((await deployed({ POLICIES, FILES }, path, put({ capacity: 5 }))).status).toBe(200);
    FILES.areUnused = false;
    const asked = `/acquire?bucket=${name}&tokens=2&timeoutMs=0`;
    expect((await deployed({ POLICIES, FILES }, asked)).status).toBe(429);
  });

  it("holds nothing any more once it was deleted, and its file may go", async () => {
    const name = uniqueName("deleted");
    const FILES = new FakeFiles();
    FILES.areUnused = false;
    await deployed({ POLICIES, FILES }, `/acquire?bucket=${name}`);
    const deletion = { method: "DELETE", headers: ADMIN };
    const path = `/buckets/${encodeURIComponent(name)}`;
    expect((await deployed({ POLICIES, FILES }, path, deletion)).status).toBe(204);
    expect(FILES).toMatchObject({ emptied: [name], setAsideNames: [] });
  });
});

describe("a bucket whose file is damaged", () => {
  const POLICIES = { "*": ONE_A_SECOND };
  const state = { path: "/state/x.sqlite", fault: "file is not a database" };

  /** Objects that cannot be made, as workerd says it: nothing that could be told by. */
  function broken(): { BUCKETS: unknown; calls: () => number } {
    let calls = 0;
    const fail = async (): Promise<never> => {
      calls += 1;
      throw new Error("internal error; reference = x");
    };
    return {
      BUCKETS: { getByName: () => ({ fetch: fail, inspect: fail, reset: fail }) },
      calls: () => calls,
    };
  }

  it("is refused without trying on, and says what helps; the log names it and its file, once", async () => {
    const logged = vi.spyOn(console, "error").mockReturnValue();
    const name = uniqueName("damaged");
    const FILES = Object.assign(new FakeFiles(), { areUnused: false, state });
    const { BUCKETS, calls } = broken();
    const paths = [`/acquire?bucket=${name}`, `/buckets/${encodeURIComponent(name)}`];
    for (const path of [...paths, ...paths]) {
      const answer = await deployed({ POLICIES, FILES, BUCKETS }, path);
      const remedy = `DELETE /buckets/${encodeURIComponent(name)} resets it`;
      expect(await answer.json()).toMatchObject({
        status: 503,
        reason: "unavailable",
        detail: `The state of the bucket cannot be read: ${remedy}`,
      });
    }
    expect(calls()).toBeLessThanOrEqual(8);
    const lines = logged.mock.calls.map(([line]) => String(line));
    expect(lines).toEqual([
      expect.stringContaining(`Cannot reach the bucket ${name} (file /state/x`),
    ]);
    expect(lines[0]).toContain("file is not a database");
    expect(lines[0]).toContain(`DELETE /buckets/${encodeURIComponent(name)}`);
    vi.setSystemTime(Date.now() + 60_000);
    await deployed({ POLICIES, FILES, BUCKETS }, `/buckets/${encodeURIComponent(name)}`);
    expect(logged.mock.calls).toHaveLength(2);
  });

  it("is put out of the way by a DELETE", async () => {
    const name = uniqueName("damaged");
    const FILES = Object.assign(new FakeFiles(), { areUnused: false, state });
    const deletion = { method: "DELETE", headers: ADMIN };
    const path = `/buckets/${encodeURIComponent(name)}`;
    const { BUCKETS } = broken();
    expect((await deployed({ POLICIES, FILES, BUCKETS }, path, deletion)).status).toBe(204);
    expect(FILES.setAsideNames).toEqual([name]);
  });
});

describe("many scrapes at once", () => {
  it("are refused beyond eight, until one is over or its time is", async () => {
    const name = uniqueName("scraped");
    const POLICIES = { [name]: ONE_A_SECOND };
    const held: (() => void)[] = [];
    const BUCKETS = {
      getByName: () => ({
        stats: async () => {
          await new Promise<void>((resolve) => held.push(resolve));
          throw new Error("Reset");
        },
      }),
    };
    const logged = vi.spyOn(console, "error").mockReturnValue();
    const scrape = (): Promise<Response> => deployed({ POLICIES, BUCKETS }, "/metrics");
    const scrapes = Array.from({ length: 8 }, scrape);
    while (held.length < 8) await new Promise((resolve) => setTimeout(resolve));
    const refused = await scrape();
    expect(refused.headers.get("Retry-After")).toBe("1");
    expect(await refused.json()).toMatchObject({
      status: 503,
      reason: "unavailable",
      detail: "Cannot scrape: 8 scrapes are in progress",
    });
    held.shift()?.();
    expect((await Promise.race(scrapes)).status).toBe(200);
    scrapes.push(scrape());
    while (held.length < 8) await new Promise((resolve) => setTimeout(resolve));
    // One whose caller has left may never come to its end.
    vi.setSystemTime(Date.now() + 5_001);
    scrapes.push(scrape());
    while (held.length < 9) await new Promise((resolve) => setTimeout(resolve));
    for (const answer of held) answer();
    for (const answer of await Promise.all(scrapes)) expect(answer.status).toBe(200);
    expect(logged).toHaveBeenCalled();
  });
});
