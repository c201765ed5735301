/**
 * The home page in a real Chromium: 300 buckets are busy at once, and the hot one is found in one look. Pictures are
 * left in .vitest/screenshots; the one in docs/ is `home-page.png` of such a run, with fewer colours to be smaller.
 */
import { spawn } from "node:child_process";
import { setTimeout } from "node:timers/promises";

import type { Browser, Page } from "playwright-core";

import type { BusyBuckets } from "../../src/protocol/busy-bucket.ts";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { launchChromium } from "./browser.ts";
import {
  besidesRefusals,
  faintTexts,
  namelessParts,
  openLivePage,
  screenshotDir,
} from "./live-page.ts";
import { Relay } from "../../kit/http/relay.ts";
import { startWorkerd, type WorkerdServer } from "../../kit/processes/server.ts";

const BUCKETS = 300;
const HOT = "team-17/search";
const HOT_WAITERS = 170;
/** Buckets that are asked all the time, and how often, in milliseconds. */
const ASKED = 12;
const ASK_MS = 600;
/** A bucket is listed 5 to 10 s after it became busy, on a quiet machine. */
const LISTED_TIMEOUT_MS = 120_000;
/** The picture for the documentation. */
const PICTURE = { viewport: { width: 1000, height: 760 }, deviceScaleFactor: 2 };

const HOUR_MS = 3_600_000;
const policies = {
  "*": { capacity: 5, refillTokens: 1, refillIntervalMs: 1_000 },
  "team-*": { capacity: 1, refillTokens: 1, refillIntervalMs: 900_000, maxWaitMs: HOUR_MS },
  "team-17/*": { capacity: 1, refillTokens: 1, refillIntervalMs: 20_000, maxWaitMs: HOUR_MS },
  "user:*": { capacity: 2, refillTokens: 1, refillIntervalMs: 1_000 },
};

let browser: Browser;
let server: WorkerdServer;
/** Ends all callers. */
const leaving = new AbortController();

/** Asks, also again if the connection breaks, and doesn't mind how it ends. */
async function ask(bucket: string, query = ""): Promise<void> {
  const url = `${server.url}/acquire?bucket=${encodeURIComponent(bucket)}${query}`;
  while (!leaving.signal.aborted) {
    try {
      const response = await fetch(url, { signal: leaving.signal });
      await response.arrayBuffer();
      return;
    } catch {
      await setTimeout(ASK_MS);
    }
  }
}

/** Asks more than is granted: some are refused at once, others when they would wait too long. */
async function askOn(bucket: string, index: number): Promise<void> {
  while (!leaving.signal.aborted) {
    void ask(bucket, index % 3 === 0 ? "&timeoutMs=0" : `&timeoutMs=${1_000 * index}`);
    await setTimeout(ASK_MS);
  }
}

function listed(page: Page) {
  return page.locator(".busy tbody tr");
}

async function isWiderThanScreen(page: Page): Promise<boolean> {
  return page.evaluate("document.documentElement.scrollWidth > innerWidth");
}

/** Resolves when all of the buckets are on the list. */
async function untilListed(): Promise<void> {
  const until = Date.now() + LISTED_TIMEOUT_MS;
  for (let count = 0; count < BUCKETS;) {
    if (Date.now() > until) throw new Error(`${count} of ${BUCKETS} buckets are listed`);
    await setTimeout(1_000);
    const response = await fetch(`${server.url}/buckets?limit=1000`);
    const { buckets } = (await response.json()) as BusyBuckets;
    count = buckets.length;
  }
}

beforeAll(async () => {
  browser = await launchChromium();
  server = await startWorkerd({ policies });
  const waiting = Array.from({ length: BUCKETS - ASKED - 1 }, (_, index) => {
    return index === 17 ? "team-0/export" : `team-${index}/search`;
  });
  // One has the token of each bucket, and one or two wait.
  for (const [index, bucket] of waiting.entries()) {
    void ask(bucket);
    for (let each = 0; each < 1 + (index % 3 === 0 ? index % 5 : 0); each++) void ask(bucket);
  }
  for (let each = 0; each <= HOT_WAITERS; each++) void ask(HOT);
  for (let index = 0; index < ASKED; index++) void askOn(`user:${1_000 + index * 37}`, index);
  await untilListed();
}, 180_000);
afterAll(async () => {
  leaving.abort();
  await browser?.close();
  await server?.stop();
});

describe("300 buckets busy at once", () => {
  it.each([
    ["light", 360],
    ["light", 768],
    ["light", 1280],
    ["dark", 360],
    ["dark", 768],
    ["dark", 1280],
  ] as const)("the hot one is seen in one look: %s, %d pixels", async (colorScheme, width) => {
    const options = { colorScheme, viewport: { width, height: 900 } };
    await using opened = await openLivePage(browser, `${server.url}/`, options);
    const { page, complaints } = opened;
    const first = listed(page).first();
    await first.getByRole("link", { name: HOT, exact: true }).waitFor();
    // One of them is granted every 20 seconds.
    const waiters = Number(await first.locator("td.waiters").textContent());
    expect(waiters).toBeGreaterThan(HOT_WAITERS * 0.8);
    const { y = 0, height = 0 } = (await first.boundingBox()) ?? {};
    expect(y + height).toBeLessThan(900);
    await page.getByText(/^300 buckets are busy; of the first 100: /).waitFor();
    await page.getByText("200 more are not listed").waitFor();
    expect(await isWiderThanScreen(page)).toBe(false);
    expect(await faintTexts(page)).toEqual([]);
    expect(await namelessParts(page)).toEqual([]);
    await page.screenshot({ path: `${screenshotDir}/home-${colorScheme}-${width}.png` });
    expect(complaints).toEqual([]);
  });

  it("by keyboard: another order, a bucket's page, and back to the same list", async () => {
    await using opened = await openLivePage(browser, `${server.url}/`);
    const { page, complaints } = opened;
    await listed(page).first().waitFor();
    await page.getByRole("button", { name: "Refused/s" }).focus();
    await page.keyboard.press("Enter");
    await page.locator('th[aria-sort="descending"]', { hasText: "Refused/s" }).waitFor();
    const refused = listed(page).first().locator("td.refused.some");
    await refused.waitFor();
    await page.getByLabel("Only names that begin with").focus();
    await page.keyboard.type("user:");
    await page.getByText(`${ASKED} buckets are busy: `).waitFor();
    await page.waitForURL(`${server.url}/?prefix=user%3A&sort=refused`);
    const link = listed(page).nth(1).getByRole("link");
    const bucket = (await link.textContent()) ?? "";
    await link.focus();
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { level: 1, name: bucket }).waitFor();
    await page.getByText("Live", { exact: true }).waitFor();
    await page.goBack();
    await page.waitForURL(`${server.url}/?prefix=user%3A&sort=refused`);
    await page.getByText(`${ASKED} buckets are busy: `).waitFor();
    expect(await page.getByLabel("Only names that begin with").inputValue()).toBe("user:");
    expect(complaints).toEqual([]);
  });

  it("lists all on demand, and says what is wrong with a prefix that no name has", async () => {
    await using opened = await openLivePage(browser, `${server.url}/?sort=name`);
    const { page, complaints } = opened;
    await page.getByRole("button", { name: "Show more" }).click();
    await listed(page)
      .nth(BUCKETS - 1)
      .waitFor();
    await page.getByText(/^300 buckets are busy: /).waitFor();
    const prefix = page.getByLabel("Only names that begin with");
    await prefix.fill("a b");
    await page
      .getByRole("alert")
      .getByText(/^prefix must be /)
      .waitFor();
    await prefix.fill("nobody");
    await page.getByText("No bucket whose name begins with “nobody” has been busy").waitFor();
    await prefix.fill("team-17");
    await listed(page).first().getByRole("link", { name: HOT }).waitFor();
    expect(await listed(page).count()).toBe(11);
    expect(besidesRefusals(complaints)).toEqual([]);
  });

  it.each([
    ["light", 1280],
    ["dark", 360],
  ] as const)("a bucket's last hour has charts: %s, %d pixels", async (colorScheme, width) => {
    const options = { colorScheme, viewport: { width, height: 900 } };
    const url = `${server.url}/buckets/${encodeURIComponent(HOT)}`;
    await using opened = await openLivePage(browser, url, options);
    const { page, complaints } = opened;
    await page
      .getByRole("img", { name: /^Over the last hour: .* and 1\d\d callers waiting$/ })
      .waitFor();
    await page.getByRole("img", { name: /^Waits of callers that were granted over the/ }).waitFor();
    expect(await isWiderThanScreen(page)).toBe(false);
    expect(await faintTexts(page)).toEqual([]);
    expect(await namelessParts(page)).toEqual([]);
    await page.screenshot({
      path: `${screenshotDir}/hot-${colorScheme}-${width}.png`,
      fullPage: true,
    });
    expect(complaints).toEqual([]);
  });

  it("is what the documentation shows", async () => {
    await using opened = await openLivePage(browser, `${server.url}/`, PICTURE);
    const { page } = opened;
    await listed(page).nth(9).waitFor();
    expect(await isWiderThanScreen(page)).toBe(false);
    await page.screenshot({ path: `${screenshotDir}/home-page.png` });
  });
});

describe("the home page of a Sluice that nobody has asked", () => {
  it.each([360, 768, 1280])("says what to do first, in small cards: %d pixels", async (width) => {
    await using idle = await startWorkerd({ policies });
    const options = { viewport: { width, height: 900 }, permissions: ["clipboard-write"] };
    await using opened = await openLivePage(browser, `${idle.url}/`, options);
    const { page, complaints } = opened;
    await page.getByLabel("Bucket (a name that has a policy)").fill("login");
    const command = `for i in $(seq 10); do curl "${idle.url}/acquire?bucket=login" & done; wait`;
    expect(await page.locator(".command").textContent()).toBe(command);
    await page.getByRole("button", { name: "Copy the command" }).click();
    await page.getByRole("status").getByText("Copied").waitFor();
    for (const card of await page.locator(".card").all()) {
      expect((await card.boundingBox())?.height).toBeLessThanOrEqual(140);
    }
    expect(await isWiderThanScreen(page)).toBe(false);
    expect(await faintTexts(page)).toEqual([]);
    expect(await namelessParts(page)).toEqual([]);
    await page.screenshot({ path: `${screenshotDir}/home-idle-${width}.png` });
    await page.getByRole("button", { name: "Ten at once" }).click();
    await page.waitForURL(`${idle.url}/buckets/login`);
    await page.getByText("Acquiring for 10 callers …").waitFor();
    // Once: who loads the page again has started nothing.
    await page.reload();
    await page.getByText("Live", { exact: true }).waitFor();
    await setTimeout(500);
    expect(await page.getByText("Acquiring for 10 callers …").count()).toBe(0);
    expect(complaints).toEqual([]);
  });

  it("says so when the server is gone, and comes back with it", async () => {
    await using other = await startWorkerd({ policies });
    await using relay = await Relay.open(other.port);
    await using opened = await openLivePage(browser, `${relay.url}/`);
    const { page } = opened;
    await page.getByText("Live", { exact: true }).waitFor();
    await other.kill();
    relay.cut();
    await page.getByText("Connection lost, reconnecting …").waitFor();
    await page.getByText(/^As of \d\d:\d\d:\d\d\.\d{3}, when the connection was lost/).waitFor();
    expect(await page.locator("main.stale").count()).toBe(1);
    await other.restart();
    relay.target = other.port;
    await page.getByText("Live", { exact: true }).waitFor();
    expect(await page.locator("main.stale").count()).toBe(0);
  });

  it("asks for an API key, and says of a wrong one that it is wrong", async () => {
    const vars = { API_TOKEN: "right", PUBLIC: "false" };
    await using closed = await startWorkerd({ policies, vars });
    await using opened = await openLivePage(browser, `${closed.url}/`);
    const { page, complaints } = opened;
    await page.getByLabel("API key", { exact: true }).fill("wrong");
    await page.keyboard.press("Enter");
    await page.getByText("This API key is wrong").waitFor();
    await page.getByLabel("API key", { exact: true }).fill("right");
    await page.keyboard.press("Enter");
    await page.getByText("No bucket has been busy").waitFor();
    const header = '-H "Authorization: Bearer $TOKEN"';
    expect(await page.locator(".command").textContent()).toContain(header);
    // The form is gone, and the focus isn't.
    expect(await page.evaluate("document.activeElement.textContent")).toBe("Busy buckets");
    // Which names the key is good for isn't known.
    await page.getByRole("button", { name: "Ten at once" }).click();
    await page.getByText("Enter a name that your key may use.").waitFor();
    expect(await page.evaluate("document.activeElement.id")).toBe("first-bucket");
    // The command does what is said.
    await page.getByLabel("Bucket (a name that has a policy)").fill("login");
    const command = (await page.locator(".command").textContent()) ?? "";
    spawn("sh", ["-c", command], { env: { ...process.env, TOKEN: "right" }, stdio: "ignore" });
    await page.locator("tr[data-bucket=login]").waitFor({ timeout: LISTED_TIMEOUT_MS });
    await page.getByRole("button", { name: "Forget API key" }).click();
    await page.getByLabel("API key", { exact: true }).waitFor();
    expect(besidesRefusals(complaints)).toEqual([]);
  });
});
