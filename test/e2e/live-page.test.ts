/**
 * The live page in a real Chromium, as people use it. Pictures of it are left in .vitest/screenshots; the
 * one in docs/ is `ten-at-once.png` of such a run, with fewer colours to be smaller.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";

import type { Browser, Page } from "playwright-core";

import type { BucketSnapshot } from "../../src/protocol/bucket-snapshot.ts";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { createClient } from "../../src/client/index.ts";
import { launchChromium } from "./browser.ts";
import { besidesRefusals, faintTexts, openLivePage, screenshotDir } from "./live-page.ts";
import { PrefixProxy } from "../../kit/http/prefix-proxy.ts";
import { Relay } from "../../kit/http/relay.ts";
import { Served } from "../../kit/processes/served.ts";
import { startDev, startWorkerd, type WorkerdServer } from "../../kit/processes/server.ts";

/** What a busy machine may be late by: the grid itself is exact. */
const LATE_MS = 250;
/**
 * The picture for the documentation: as wide as it can still be read beside text, as fine as screens are,
 * and some of the page below the time line, in pixels.
 */
const PICTURE = { viewport: { width: 1000, height: 900 }, deviceScaleFactor: 2 };
const BELOW_PICTURE = 20;
/** For ten grants, one a second. */
const TEN_TIMEOUT_MS = 20_000;

const policies = {
  "*": { capacity: 1, refillTokens: 1, refillIntervalMs: 1_000 },
  "slow*": { capacity: 1, refillTokens: 1, refillIntervalMs: 300_000, maxWaitMs: 3_600_000 },
  "minute*": { capacity: 1, refillTokens: 1, refillIntervalMs: 60_000, maxWaitMs: 3_600_000 },
  "five*": { capacity: 5, refillTokens: 1, refillIntervalMs: 1_000, initialTokens: 0 },
  // The second limit is the tighter one.
  "two*": {
    capacity: 10,
    refillTokens: 10,
    refillIntervalMs: 1_000,
    limits: { tpm: { capacity: 1_000, refillTokens: 500, refillIntervalMs: 1_500 } },
  },
  "day*": { capacity: 100, every: "day" as const, timeZone: "Europe/Berlin" },
  "team/*": { capacity: 3, refillTokens: 3, refillIntervalMs: 60_000 },
};

let browser: Browser;
let server: WorkerdServer;

beforeAll(async () => {
  browser = await launchChromium();
  server = await startWorkerd({ policies, main: "chaos/workers/abortable.ts" });
});
afterAll(async () => {
  await browser?.close();
  await server?.stop();
});

let buckets = 0;

function uniqueName(prefix = "bucket"): string {
  buckets += 1;
  return `${prefix}-${process.pid}-${buckets}`;
}

function addressOf(bucket: string, base = server.url): string {
  return `${base}/buckets/${encodeURIComponent(bucket)}`;
}

async function snapshotOf(bucket: string): Promise<BucketSnapshot> {
  const response = await fetch(addressOf(bucket));
  return (await response.json()) as BucketSnapshot;
}

function button(page: Page, name: string) {
  return page.getByRole("button", { name });
}

/** A feed's first message, of a bucket that has one token and waits for nobody. */
function firstMessage(state: object = {}, policy: object = {}): string {
  const numbers = { ...policies["*"], name: "*", initialTokens: 1, queueLimit: 10, maxWaitMs: 1 };
  const queue = { waiters: 0, queuedTokens: 0, granted: 1, refused: 1, cancelled: 0 };
  const snapshot = {
    bucket: "a",
    policy: { ...numbers, ...policy },
    tokens: 1,
    nextTickAtMs: Date.now() + 500,
    ...queue,
    ...state,
  };
  return JSON.stringify({ atMs: Date.now(), snapshot, events: [], isFirst: true });
}

/** The number of that name, once it is `value`. */
function figure(page: Page, name: string, value: string) {
  return page.locator(".figure", { hasText: name }).getByText(value, { exact: true });
}

/** When each caller in the table was granted, oldest first. */
async function listedGrants(page: Page): Promise<number[]> {
  const times = page.locator("tr.granted time");
  const texts = await times.evaluateAll((all) => all.map((each) => each.getAttribute("datetime")));
  return texts.map((text) => Date.parse(text ?? "")).reverse();
}

async function numbersOf(page: Page, selector: string, attribute: string): Promise<number[]> {
  const texts = await page
    .locator(selector)
    .evaluateAll((all, name) => all.map((each) => each.getAttribute(name)), attribute);
  return texts.map(Number);
}

function gapsOf(numbers: readonly number[]): number[] {
  return numbers.slice(1).map((number, index) => number - (numbers[index] ?? 0));
}

async function isWiderThanScreen(page: Page): Promise<boolean> {
  return page.evaluate("document.documentElement.scrollWidth > innerWidth");
}

async function live(page: Page): Promise<void> {
  await page.getByText("Live", { exact: true }).waitFor();
}

describe("ten at once, on npm start", () => {
  it(
    "ten grants appear a second apart, in the table and on the grid of the time line",
    async () => {
      await using dev = await startDev();
      // The first grant and the first wait of all take their time.
      await using client = createClient({ url: dev.url, transport: "session" });
      await Promise.all([client.acquire("first"), client.acquire("first")]);
      await using opened = await openLivePage(browser, addressOf("ten", dev.url), PICTURE);
      const { page, complaints } = opened;
      await live(page);
      await button(page, "Ten at once").click();
      // Where each will be is known at once: one is granted, nine are drawn hollow.
      await page.locator(".row .mark.waiting").nth(8).waitFor();
      expect(await page.locator(".row").count()).toBe(10);
      const foretold = await numbersOf(page, ".row .mark", "cx");

      // Between two ticks, so that the present stands clear of what is written of the last grant.
      await page.locator(".row .mark.granted").nth(4).waitFor({ timeout: TEN_TIMEOUT_MS });
      await setTimeout(200);
      const timeline = await page.locator("section", { hasText: "Timeline" }).boundingBox();
      const height = (timeline?.y ?? 0) + (timeline?.height ?? 0) + BELOW_PICTURE;
      await page.screenshot({
        path: `${screenshotDir}/ten-at-once.png`,
        fullPage: true,
        clip: { x: 0, y: 0, width: PICTURE.viewport.width, height },
      });
      await page.locator(".row .mark.granted").nth(9).waitFor({ timeout: TEN_TIMEOUT_MS });

      const grants = await listedGrants(page);
      expect(grants).toHaveLength(10);
      for (const gap of gapsOf(grants)) expect(Math.abs(gap - 1_000)).toBeLessThan(LATE_MS);
      expect(Math.abs((grants[9] ?? 0) - (grants[0] ?? 0) - 9_000)).toBeLessThan(LATE_MS);

      // Drawn: each disc on its line of the grid, and where it was foretold.
      const discs = await numbersOf(page, ".row .mark.granted", "cx");
      const lines = await numbersOf(page, ".timeline .tick", "x1");
      const second = (lines[1] ?? 0) - (lines[0] ?? 0);
      for (const [index, disc] of discs.entries()) {
        const late = (disc - (lines[index] ?? 0)) / second;
        expect(Math.abs(late)).toBeLessThan(LATE_MS / 1_000);
        expect(Math.abs(disc - (foretold[index] ?? 0)) / second).toBeLessThan(LATE_MS / 1_000);
      }
      const said = page.getByText(/^10 granted, longest wait (8|9)\.\d{3} s$/);
      await said.waitFor();
      expect(complaints).toEqual([]);
    },
    60_000 + TEN_TIMEOUT_MS,
  );
});

describe("the live page", () => {
  it("cancel hangs up on all that wait, and the queue is free", async () => {
    const bucket = uniqueName("slow");
    await using opened = await openLivePage(browser, addressOf(bucket));
    const { page, complaints } = opened;
    await live(page);
    await button(page, "Ten at once").click();
    await page.locator(".row .mark.waiting").nth(8).waitFor();
    expect((await snapshotOf(bucket)).waiters).toBe(9);
    await button(page, "Cancel mine").click();
    await page.locator(".row .mark.cancelled").nth(8).waitFor({ timeout: 5_000 });
    expect(await snapshotOf(bucket)).toMatchObject({ waiters: 0, cancelled: 9, granted: 1 });
    await page.getByText("1 granted, at once; 9 cancelled").waitFor();
    // And once more, with nobody to cancel.
    await button(page, "Cancel mine").press("Enter");
    await page.getByText("No callers from this page are waiting").waitFor();
    expect(complaints).toEqual([]);
  });

  it("keeps all its callers on one session, which is closed when they are done", async () => {
    const bucket = uniqueName("minute");
    await using opened = await openLivePage(browser, addressOf(bucket));
    const { page, complaints, addresses } = opened;
    await live(page);
    await figure(page, "Sessions", "0").waitFor();
    await button(page, "Ten at once").click();
    await figure(page, "Sessions", "1").waitFor();
    await button(page, "Ten at once").click();
    await button(page, "Acquire one").click();
    await figure(page, "Waiting", "20").waitFor();
    expect(await snapshotOf(bucket)).toMatchObject({ granted: 1, waiters: 20, sessions: 1 });
    await button(page, "Cancel mine").click();
    await figure(page, "Cancelled", "20").waitFor();
    await figure(page, "Sessions", "0").waitFor();
    const sent = addresses.filter((address) => /\/(acquire|session)\b/.test(address));
    expect(sent).toEqual([`${addressOf(bucket).replace("http", "ws")}/session`]);
    expect(complaints).toEqual([]);
  });

  it("sends a request for each caller where no session can be opened, and does the same", async () => {
    const bucket = uniqueName("slow");
    await using proxy = await PrefixProxy.open(server.url, "", /\/session$/);
    await using opened = await openLivePage(browser, addressOf(bucket, proxy.url));
    const { page, complaints, addresses } = opened;
    await live(page);
    await button(page, "Ten at once").click();
    await figure(page, "Waiting", "9").waitFor();
    await figure(page, "Sessions", "0").waitFor();
    await page.getByText("Acquiring for 10 callers …").waitFor();
    expect(addresses.filter((address) => address.includes("/acquire"))).toHaveLength(10);
    // More would wait in the browser, and not in the queue.
    await button(page, "Ten at once").click();
    await page.getByText("This page already has 9 callers waiting: it can add 1 more").waitFor();
    await button(page, "Cancel mine").click();
    await page.getByText("1 granted, at once; 9 cancelled").waitFor();
    expect(await snapshotOf(bucket)).toMatchObject({ waiters: 0, cancelled: 9, granted: 1 });
    expect(besidesRefusals(complaints)).toEqual([]);
  });

  it("shows callers from elsewhere, refusals with their reason", async () => {
    const bucket = uniqueName("slow");
    await using opened = await openLivePage(browser, addressOf(bucket));
    const { page } = opened;
    await live(page);
    const ask = `${server.url}/acquire?bucket=${bucket}`;
    await fetch(ask);
    await fetch(`${ask}&timeoutMs=0`);
    await fetch(`${ask}&tokens=2`);
    await page.locator("tr.refused", { hasText: "refused timeout" }).waitFor();
    await page.locator("tr.refused", { hasText: "refused 2 exceeds-capacity" }).waitFor();
    expect(await page.locator("tr.granted").count()).toBe(1);
  });

  it("works by keyboard alone, and shows where the focus is", async () => {
    const bucket = uniqueName("slow");
    await using opened = await openLivePage(browser, addressOf(bucket));
    const { page, complaints } = opened;
    await live(page);
    const focused = (): Promise<string> =>
      page.evaluate("document.activeElement.textContent || document.activeElement.id");
    const order: string[] = [];
    for (let step = 0; step < 11; step++) {
      await page.keyboard.press("Tab");
      order.push(await focused());
      const outline = await page.evaluate("getComputedStyle(document.activeElement).outlineStyle");
      expect(outline, `outline of ${order.at(-1)}`).toBe("solid");
    }
    expect(order).toEqual([
      "Sluice",
      "Busy buckets",
      "Docs",
      "bucket",
      "Show",
      "Pause …",
      "Edit policy …",
      "Reset …",
      "Acquire one",
      "Ten at once",
      "Cancel mine",
    ]);
    await page.keyboard.press("Shift+Tab");
    await page.keyboard.press("Space");
    await page.locator(".row .mark.waiting").nth(8).waitFor();
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await page.locator(".row .mark.cancelled").nth(8).waitFor();
    expect(await focused()).toBe("Cancel mine");

    const other = uniqueName();
    for (let step = 0; step < 7; step++) await page.keyboard.press("Shift+Tab");
    await page.keyboard.press("Control+A");
    await page.keyboard.type(other);
    await page.keyboard.press("Enter");
    await page.waitForURL(addressOf(other));
    await page.getByRole("heading", { level: 1, name: other }).waitFor();
    expect(complaints).toEqual([]);
  });

  it.each([
    ["light", 1280],
    ["light", 360],
    ["dark", 1280],
    ["dark", 360],
  ] as const)("fits and can be read: %s, %d pixels", async (colorScheme, width) => {
    const bucket = uniqueName();
    const options = { colorScheme, viewport: { width, height: 900 } };
    await using opened = await openLivePage(browser, addressOf(bucket), options);
    const { page, complaints } = opened;
    await live(page);
    expect(await isWiderThanScreen(page)).toBe(false);
    await button(page, "Ten at once").click();
    await fetch(`${server.url}/acquire?bucket=${bucket}&timeoutMs=0`);
    await page.locator(".row .mark.granted").nth(3).waitFor();
    await button(page, "Cancel mine").click();
    await page.locator(".row .mark.cancelled").first().waitFor();
    await button(page, "Ten at once").click();
    await page.locator(".row .mark.waiting").nth(2).waitFor();
    expect(await isWiderThanScreen(page)).toBe(false);
    expect(await faintTexts(page)).toEqual([]);
    await page.screenshot({
      path: `${screenshotDir}/page-${colorScheme}-${width}.png`,
      fullPage: true,
    });
    expect(complaints).toEqual([]);
  });

  it("doesn't jump when it is connected, on a phone", async () => {
    const viewport = { width: 390, height: 800 };
    const heightWhile = async (kind: string, page: Page): Promise<number | undefined> => {
      await page.locator(`.badge.${kind}`).waitFor();
      return (await page.locator(".masthead").boundingBox())?.height;
    };
    await using context = await browser.newContext({ viewport });
    const page = await context.newPage();
    // Its socket opens, and nothing comes.
    await page.routeWebSocket(/watch/, () => undefined);
    await page.goto(addressOf(uniqueName()));
    const height = await heightWhile("connecting", page);
    await using connected = await openLivePage(browser, addressOf(uniqueName()), { viewport });
    expect(await heightWhile("live", connected.page)).toBe(height);
  });

  it("fits with the longest name, and with a great many tokens", async () => {
    const viewport = { width: 360, height: 800 };
    const bucket = `${"m".repeat(60)}/${"W".repeat(60)}`;
    await using opened = await openLivePage(browser, addressOf(bucket), { viewport });
    await live(opened.page);
    expect(await isWiderThanScreen(opened.page)).toBe(false);
  });

  it("takes odd names, and escapes them wherever they stand", async () => {
    const bucket = "team/a@b:c.d_e-f";
    await using opened = await openLivePage(browser, addressOf(bucket));
    const { page, complaints } = opened;
    await live(page);
    await page.getByRole("heading", { level: 1, name: bucket }).waitFor();
    expect(await page.title()).toBe(`${bucket} · Sluice`);
    await page.getByText("/acquire?bucket=team%2Fa%40b%3Ac.d_e-f").waitFor();
    await button(page, "Acquire one").click();
    await page.locator("tr.granted").waitFor();
    expect((await snapshotOf(bucket)).granted).toBe(1);
    expect(complaints).toEqual([]);
  });

  it.each(["<img src=x onerror=\"document.title='taken'\">", '"><script>1</script>', "%zz", "ä"])(
    "says that no bucket is called %s, and runs nothing of it",
    async (bucket) => {
      const address =
        bucket === "%zz" ? `${server.url}/buckets/%zz` : addressOf(bucket).replace("%zz", "zz");
      await using opened = await openLivePage(browser, address);
      const { page, complaints } = opened;
      await page.getByRole("heading", { name: "Invalid bucket name" }).waitFor();
      expect(await page.getByRole("heading", { level: 1 }).textContent()).toContain(bucket);
      expect(await page.locator("img, #page script").count()).toBe(0);
      expect(await page.title()).toBe(`${bucket} · Sluice`);
      // The feed's handshake and the question why it failed.
      expect(besidesRefusals(complaints)).toEqual([]);
    },
  );

  it("takes markup in what the feed says for text", async () => {
    const markup = "<img src=x onerror=alert(1)>";
    const policy = { name: markup, initialTokens: 1, queueLimit: 1, maxWaitMs: 1 };
    const refused = { kind: "refused", id: 1, atMs: 5, tokens: 1, reason: markup };
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.routeWebSocket(/\/watch$/, (socket) => {
      const first = firstMessage({ bucket: markup }, policy);
      socket.send(first);
      socket.send(JSON.stringify({ ...JSON.parse(first), events: [refused], isFirst: false }));
    });
    await page.goto(addressOf("a"));
    await page.locator("tr.refused .reason", { hasText: markup }).waitFor();
    expect(await page.locator(".policy dd").first().textContent()).toBe(markup);
    expect(await page.locator("img").count()).toBe(0);
    await context.close();
  });

  it.each([
    [
      { lease: { maxTokens: 50, ttlMs: 5_000 }, hold: { maxMs: 600_000, debt: "queue" } },
      ["50 tokens for 5 s", "up to 10 min; what is used beyond joins the queue"],
    ],
    [
      {
        hold: { maxMs: 600_000, debt: "front" },
        concurrency: { max: 3, ttlMs: 30_000, graceMs: 2_000 },
      },
      [
        "up to 10 min; what is used beyond is taken at once",
        "3 at once, for 30 s each, 2 s after its session",
      ],
    ],
  ])("lists what a policy has besides limits and a queue, %j", async (tables, lines) => {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.routeWebSocket(/\/watch$/, (socket) => {
      socket.send(firstMessage({}, tables));
    });
    await page.goto(addressOf("a"));
    await page.locator(".policy dd").first().waitFor();
    expect((await page.locator(".policy dd").allTextContents()).slice(-2)).toEqual(lines);
    await context.close();
  });

  it("says that a bucket is paused, for as long as it is", async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.routeWebSocket(/\/watch$/, (socket) => {
      const pausedUntilMs = Date.now() + 2_000;
      socket.send(firstMessage({ tokens: 0, nextTickAtMs: pausedUntilMs + 500, pausedUntilMs }));
    });
    await page.goto(addressOf("a"));
    const note = page.getByText(/^Paused until (\w{3} \d+ \w{3}, )?\d\d:\d\d:\d\d: no/);
    await note.waitFor();
    await figure(page, "Tokens", "0").waitFor();
    await note.waitFor({ state: "detached" });
    await figure(page, "Tokens", "1").waitFor();
    expect(await note.count()).toBe(0);
    await context.close();
  });

  it("its chart goes on to the present while nothing is told, as of a bucket that is paused", async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.routeWebSocket(/\/watch$/, (socket) => {
      const nextTickAtMs = Date.now() + 60_000;
      socket.send(firstMessage({ tokens: 0, waiters: 1, queuedTokens: 1, nextTickAtMs }));
    });
    await page.goto(addressOf("a"));
    const chart = page.locator(".level-chart svg");
    await chart.waitFor();
    const drawn = (): Promise<string> =>
      page.evaluate("document.querySelector('.level-chart svg').outerHTML");
    const before = await drawn();
    await setTimeout(2_500);
    expect(await drawn()).not.toBe(before);
    await context.close();
  });

  it("a page left open sends and receives nothing while nothing happens", async () => {
    const bucket = uniqueName("five");
    await fetch(`${server.url}/acquire?bucket=${bucket}`);
    const context = await browser.newContext();
    const page = await context.newPage();
    const traffic: string[] = [];
    page.on("websocket", (socket) => {
      socket.on("framereceived", ({ payload }) => traffic.push(`received ${String(payload)}`));
      socket.on("framesent", ({ payload }) => traffic.push(`sent ${String(payload)}`));
    });
    page.on("request", (request) => traffic.push(request.url()));
    await page.goto(addressOf(bucket));
    await live(page);
    const atFirst = traffic.length;
    expect(traffic.filter((each) => each.startsWith("received"))).toHaveLength(1);
    // Meanwhile the bucket fills by its ticks, which the page works out by itself.
    await figure(page, "Tokens", "5").waitFor();
    await setTimeout(2_000);
    expect(traffic.slice(atFirst)).toEqual([]);
    expect(await snapshotOf(bucket)).toMatchObject({ tokens: 5 });
    await context.close();
  });

  it("reads out what was done and what came of it, and not each grant", async () => {
    const bucket = uniqueName();
    await using opened = await openLivePage(browser, addressOf(bucket));
    const { page } = opened;
    await live(page);
    await page.evaluate(`
      window.readOut = [];
      const regions = document.querySelectorAll("[role=status], [role=alert], [aria-live]");
      for (const region of regions) {
        new MutationObserver(() => window.readOut.push(region.textContent))
          .observe(region, { childList: true, characterData: true, subtree: true });
      }`);
    await button(page, "Ten at once").click();
    await page.locator(".row .mark.granted").nth(9).waitFor({ timeout: TEN_TIMEOUT_MS });
    await page.getByText(/^10 granted/).waitFor();
    const readOut: string[] = await page.evaluate("window.readOut");
    expect(readOut).toEqual([
      "Acquiring for 10 callers …",
      expect.stringMatching(/^10 granted, longest wait/),
    ]);
  });

  it("keeps the present still for those who want little motion, but for a step a second", async () => {
    const address = addressOf(uniqueName());
    await using opened = await openLivePage(browser, address, { reducedMotion: "reduce" });
    const { page } = opened;
    await live(page);
    await button(page, "Ten at once").click();
    const present = page.locator(".present");
    await present.waitFor();
    const seen = new Set<string | null>();
    const until = Date.now() + 3_000;
    while (Date.now() < until) {
      seen.add(await present.getAttribute("transform"));
      await setTimeout(20);
    }
    // A step of its own and one with each grant.
    expect(seen.size).toBeGreaterThan(1);
    expect(seen.size).toBeLessThan(12);
  });

  it("says that the object went away, comes back by itself, and goes on", async () => {
    const bucket = uniqueName("slow");
    await using opened = await openLivePage(browser, addressOf(bucket));
    const { page, complaints } = opened;
    await live(page);
    await button(page, "Acquire one").click();
    await page.locator("tr.granted").waitFor();
    await button(page, "Acquire one").click();
    await page.locator(".row .mark.waiting").waitFor();
    const lost = page.getByText("Connection lost, reconnecting …").waitFor();
    const abort = await fetch(`${server.url}/abort?bucket=${bucket}`, { method: "POST" });
    expect(abort.status).toBe(204);
    await lost;
    await live(page);
    // The caller that waited was put back; it came before the page was there again.
    await figure(page, "Waiting", "1").waitFor();
    expect(await page.locator("tr.granted").count()).toBe(1);
    await page.locator("tr.unknown", { hasText: /^.*Not connected for / }).waitFor();
    await button(page, "Cancel mine").click();
    await page.locator("tr.cancelled").waitFor();
    // Rows go on being counted, and none of them has the number of another.
    const numbers = await numbersOf(page, ".log tr[data-caller]", "data-caller");
    expect(new Set(numbers).size).toBe(numbers.length);
    expect(Math.max(...numbers)).toBeGreaterThan(2);
    expect(complaints).toEqual([]);
  });

  it("says that the server went away, and comes back with it", async () => {
    await using other = await startWorkerd({ policies });
    await using relay = await Relay.open(other.port);
    const bucket = uniqueName();
    await using opened = await openLivePage(browser, addressOf(bucket, relay.url));
    const { page } = opened;
    await live(page);
    await button(page, "Acquire one").click();
    await page.locator("tr.granted").waitFor();
    await other.kill();
    relay.cut();
    await page.getByText("Connection lost, reconnecting …").waitFor();
    // What is known stays on the page.
    expect(await page.locator("tr.granted").count()).toBe(1);
    await page.screenshot({ path: `${screenshotDir}/connection-lost.png` });
    await button(page, "Acquire one").click();
    await page.getByText(/^1 gave up/).waitFor();
    await other.restart();
    relay.target = other.port;
    await live(page);
    await button(page, "Acquire one").click();
    await page.locator("tr.granted").nth(1).waitFor();
  });
});

describe("after npm run serve was told to end", () => {
  it("says in every place that who waited was refused, and shows no figure as if it were live", async () => {
    const dir = await mkdtemp(join(tmpdir(), "sluice-e2e-"));
    try {
      const vars = ["PUBLIC:true", `POLICIES:${JSON.stringify(policies)}`];
      const args = ["--state", dir, "--port", "0", ...vars.flatMap((text) => ["--var", text])];
      await using served = await Served.ready(args);
      await using opened = await openLivePage(browser, addressOf("five-slow", served.url));
      const { page } = opened;
      await live(page);
      expect(await page.locator("main.stale").count()).toBe(0);
      await button(page, "Ten at once").click();
      // The first of them are granted a second apart: two, and seven or eight wait.
      await page.locator(".row .mark.granted").nth(1).waitFor();
      expect(await served.terminate()).toMatchObject({ code: 0 });
      await page.getByText("Connection lost, reconnecting …").waitFor();

      const granted = await page.locator(".row .mark.granted").count();
      const refused = await page.locator(".row .mark.refused").count();
      expect(refused).toBeGreaterThan(0);
      expect(granted + refused).toBe(10);
      await figure(page, "Granted", String(granted)).waitFor();
      await figure(page, "Refused", String(refused)).waitFor();
      for (const name of ["Cancelled", "Waiting", "Sessions"])
        await figure(page, name, "0").waitFor();
      await page.locator("tr.refused", { hasText: `${refused} × refused unavailable` }).waitFor();
      expect(await page.locator(".row .mark.cancelled, .row .mark.waiting").count()).toBe(0);

      // The bucket would have filled meanwhile; of that nothing is known.
      await page.getByText(/^As of \d\d:\d\d:\d\d\.\d{3}, when the connection was lost/).waitFor();
      expect(await page.locator("main.stale").count()).toBe(1);
      const tokens = await page.locator(".figure.tokens strong").textContent();
      await setTimeout(2_500);
      expect(await page.locator(".figure.tokens strong").textContent()).toBe(tokens);
      for (const colorScheme of ["light", "dark"] as const) {
        await page.emulateMedia({ colorScheme });
        for (const width of [1280, 360]) {
          await page.setViewportSize({ width, height: 900 });
          // What is drawn to measure is drawn anew a frame later.
          await expect.poll(() => isWiderThanScreen(page)).toBe(false);
          expect(await faintTexts(page)).toEqual([]);
          const path = `${screenshotDir}/stopped-${colorScheme}-${width}.png`;
          await page.screenshot({ path, fullPage: true });
        }
      }
      // For some seconds its callers try to take their places again.
      const gone = "Sluice is unavailable";
      await page
        .getByText(new RegExp(`^${granted} granted, .*; ${refused} gave up: ${gone}$`))
        .waitFor();
      await button(page, "Acquire one").click();
      await page.getByText(`1 gave up: ${gone}`).waitFor({ timeout: 30_000 });
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  });
});

describe("a bucket of two limits", () => {
  it("each has its gauge, and the one that the head waits for is marked", async () => {
    const bucket = uniqueName("two");
    await using opened = await openLivePage(browser, addressOf(bucket));
    const { page, complaints } = opened;
    await live(page);
    await page
      .getByText(/^Holds 10 tokens and refills 10 every second; “tpm” holds 1,000/)
      .waitFor();
    const gauge = (name: string) => page.locator(`.gauge[data-limit="${name}"]`);
    expect(await page.locator(".gauge").count()).toBe(2);
    expect(await page.locator(".figure.tokens").count()).toBe(0);

    // The first takes what there is, and three wait for 500 each, one every 1.5 seconds.
    await page.getByLabel("tpm", { exact: true }).fill("500");
    await button(page, "Acquire one").click();
    await page.locator(".row .mark.granted").waitFor();
    const ask = `${server.url}/acquire?bucket=${bucket}&tokens.tpm=500`;
    const held = Promise.all([fetch(ask), fetch(ask), fetch(ask)]);
    await gauge("tpm").getByText("the queue waits for this").waitFor();
    expect(await gauge("rate").getByText("the queue waits for this").count()).toBe(0);
    await gauge("tpm").getByText("500 every 1.5 s").waitFor();
    await page.locator(".row .mark.waiting").nth(2).waitFor();
    const foretold = await numbersOf(page, ".row .mark", "data-at-ms");
    // What ticks bring to the other one is not reported, and shown all the same.
    await gauge("rate").getByText("10", { exact: true }).waitFor();
    for (const gap of gapsOf(foretold)) expect(Math.abs(gap - 1_500)).toBeLessThan(LATE_MS);
    await page.getByText("One line every second.").waitFor();
    expect((await held).map(({ status }) => status)).toEqual([200, 200, 200]);
    await page.locator(".row .mark.granted").nth(3).waitFor();
    const grants = await numbersOf(page, ".row .mark", "data-at-ms");
    for (const [index, atMs] of grants.entries()) {
      expect(Math.abs(atMs - (foretold[index] ?? 0))).toBeLessThan(LATE_MS);
    }
    expect(await page.locator(".gauge.head").count()).toBe(0);
    expect(await page.locator("tr.granted", { hasText: "tpm 500" }).count()).toBe(4);

    await page.getByLabel("tpm", { exact: true }).fill("1001");
    await button(page, "Acquire one").click();
    await page.getByText('Tokens of tpm must be 0 to 1,000: got "1001"').waitFor();
    await page.getByLabel("tpm", { exact: true }).fill("0");
    await page.getByLabel("rate", { exact: true }).fill("0");
    await button(page, "Acquire one").click();
    await page.getByText("A caller must take a token of one limit at least").waitFor();
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      for (const width of [1280, 360]) {
        await page.setViewportSize({ width, height: 900 });
        await expect.poll(() => isWiderThanScreen(page)).toBe(false);
        expect(await faintTexts(page)).toEqual([]);
        const path = `${screenshotDir}/two-limits-${colorScheme}-${width}.png`;
        await page.screenshot({ path, fullPage: true });
      }
    }
    expect(complaints).toEqual([]);
  });

  it("a calendar says when it is full again, in its own time zone", async () => {
    await using opened = await openLivePage(browser, addressOf(uniqueName("day")));
    const { page, complaints } = opened;
    await live(page);
    await page
      .getByText(/^Holds 100 tokens, full again every day at 00:00 Europe\/Berlin\./)
      .waitFor();
    await page.getByText(/^Full again \w{3} \d+ \w{3}, 00:00 Europe\/Berlin$/).waitFor();
    await button(page, "Acquire one").click();
    await figure(page, "Tokens", "99").waitFor();
    expect(complaints).toEqual([]);
  });
});

describe.each(["", "/sluice", "/tools/buckets/x"])(
  "under the path %j of a reverse proxy",
  (prefix) => {
    it("the page shows a bucket, asks it, and leads on", async () => {
      await using proxy = await PrefixProxy.open(server.url, prefix);
      const bucket = uniqueName("team/under");
      await using opened = await openLivePage(browser, addressOf(bucket, proxy.url));
      const { page, complaints, addresses } = opened;
      await live(page);
      await page.getByRole("heading", { level: 1, name: bucket }).waitFor();
      await button(page, "Ten at once").click();
      await page.locator(".row .mark.granted").nth(2).waitFor();
      expect((await snapshotOf(bucket)).granted).toBe(3);
      await button(page, "Cancel mine").click();
      await page.locator(".row .mark.cancelled").nth(2).waitFor();
      const curl = await page.locator(".shell code").textContent();
      expect(curl).toBe(`curl "${proxy.url}/acquire?bucket=${encodeURIComponent(bucket)}"`);
      await page.screenshot({ path: `${screenshotDir}/under-a-path.png`, fullPage: true });

      const other = uniqueName();
      await page.getByLabel("Bucket", { exact: true }).fill(other);
      await button(page, "Show").click();
      await page.waitForURL(addressOf(other, proxy.url));
      await live(page);
      await page.getByRole("link", { name: "Sluice" }).click();
      await page.waitForURL(`${proxy.url}/`);
      await page.getByRole("heading", { level: 1, name: "Busy buckets" }).waitFor();
      await page.goto(`${proxy.url}/buckets/team/a%20b/`);
      await page.getByRole("heading", { level: 1, name: "There is nothing here" }).waitFor();
      await page.screenshot({ path: `${screenshotDir}/nothing.png`, fullPage: true });
      await page.getByRole("link", { name: "The bucket team/a b" }).click();
      await page.waitForURL(addressOf("team/a b", proxy.url));
      expect(new Set(addresses.map((address) => address.replace(/^(http|ws):/, "")))).toSatisfy(
        (all: Set<string>) => [...all].every((each) => each.startsWith(proxy.url.slice(5))),
      );
      expect(besidesRefusals(complaints)).toEqual([]);
    });

    it("so do the pages of the interface", async () => {
      await using proxy = await PrefixProxy.open(server.url, prefix);
      await using opened = await openLivePage(browser, `${proxy.url}/docs`);
      const { page, complaints } = opened;
      const width: string = await page.evaluate(
        "getComputedStyle(document.querySelector('.page')).maxWidth",
      );
      expect(width).toBe("960px");
      await page.screenshot({ path: `${screenshotDir}/docs-under-a-path.png` });
      await page.getByRole("link", { name: "openapi.json", exact: true }).click();
      await page.waitForURL(`${proxy.url}/openapi.json`);
      await page.getByText('"openapi":"3.1.1"').waitFor();
      expect(complaints).toEqual([]);
    });
  },
);

describe("where a token is asked for", () => {
  const TOKEN = "one-that-may-do-both";

  it("the page asks for it, keeps it for the tab, and puts it in no address", async () => {
    const vars = { API_TOKEN: `${TOKEN} another`, PUBLIC: "false" };
    await using closed = await startWorkerd({ policies, vars });
    const options = { viewport: { width: 360, height: 800 } };
    await using opened = await openLivePage(browser, addressOf("x", closed.url), options);
    const { page, complaints, addresses } = opened;
    await page.getByRole("heading", { name: "This deployment requires an API key" }).waitFor();
    await page.screenshot({ path: `${screenshotDir}/token-light-360.png`, fullPage: true });
    expect(await isWiderThanScreen(page)).toBe(false);
    expect(await faintTexts(page)).toEqual([]);
    const field = page.getByLabel("API key", { exact: true });

    await field.fill("two words");
    await page.keyboard.press("Enter");
    await page
      .getByText("An API key must be visible ASCII characters without white space")
      .waitFor();
    await field.fill("wrong");
    await button(page, "Use this key").click();
    await page.getByText("This API key is wrong").waitFor();
    await page.getByLabel("API key", { exact: true }).fill(TOKEN);
    await page.keyboard.press("Enter");
    await live(page);
    await button(page, "Acquire one").click();
    await page.locator("tr.granted").waitFor();

    await page.reload();
    await live(page);
    await button(page, "Forget API key").click();
    await page.getByRole("heading", { name: "This deployment requires an API key" }).waitFor();
    expect(
      addresses.filter((address) => address.includes(TOKEN) || address.includes("wrong")),
    ).toEqual([]);
    expect(besidesRefusals(complaints)).toEqual([]);
  });
});
