/** What an operator does on the page of a bucket, in a real Chromium: by mouse, and by keyboard alone. */
import type { Browser, Locator, Page } from "playwright-core";

import type { BucketSnapshot } from "../../src/protocol/bucket-snapshot.ts";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { membersOf } from "../../src/core/is-record.ts";
import { createClient } from "../../src/client/index.ts";
import { launchChromium } from "./browser.ts";
import { type Hands, keyboard, mouse } from "./hands.ts";
import {
  besidesRefusals,
  faintTexts,
  type OpenPage,
  openLivePage,
  screenshotDir,
} from "./live-page.ts";
import { startWorkerd, type WorkerdServer } from "../../kit/processes/server.ts";

const ADMIN_KEY = "one-that-may-do-all";
const SCOPED_KEY = "one-for-others";

const slow = { capacity: 1, refillTokens: 1, refillIntervalMs: 300_000, maxWaitMs: 3_600_000 };
const policies = {
  "slow*": slow,
  "wide*": {
    capacity: 10,
    refillTokens: 1,
    refillIntervalMs: 60_000,
    initialTokens: 0,
    maxWaitMs: 3_600_000,
  },
  "many*": { ...slow, refillIntervalMs: 10_000 },
  // The last of four waits 48 s, and nobody waits longer than a minute.
  "brief*": { ...slow, refillIntervalMs: 12_000, maxWaitMs: 60_000 },
  "two*": {
    ...slow,
    limits: { tpm: { capacity: 10, refillTokens: 5, refillIntervalMs: 300_000 } },
  },
  "rich*": {
    capacity: 100,
    every: "day" as const,
    limits: { tpm: { capacity: 1_000, refillTokens: 500, refillIntervalMs: 1_500 } },
    hold: { maxMs: 60_000 },
    concurrency: { max: 3, ttlMs: 30_000, graceMs: 2_000 },
  },
};

let browser: Browser;
let server: WorkerdServer;

beforeAll(async () => {
  browser = await launchChromium();
  const tokens = [
    { token: ADMIN_KEY, buckets: ["*"] },
    { token: SCOPED_KEY, buckets: ["others/*"] },
  ];
  const vars = { ADMIN_TOKEN: JSON.stringify(tokens) };
  server = await startWorkerd({ policies, vars });
});
afterAll(async () => {
  await browser?.close();
  await server?.stop();
});

let buckets = 0;

function uniqueName(prefix = "slow"): string {
  buckets += 1;
  return `${prefix}-${process.pid}-${buckets}`;
}

function addressOf(bucket: string): string {
  return `${server.url}/buckets/${encodeURIComponent(bucket)}`;
}

function snapshotOf(bucket: string): Promise<BucketSnapshot> {
  return snapshotOn(server.url, bucket);
}

async function snapshotOn(url: string, bucket: string, key?: string): Promise<BucketSnapshot> {
  const headers = key === undefined ? {} : { Authorization: `Bearer ${key}` };
  const response = await fetch(`${url}/buckets/${bucket}`, { headers });
  return (await response.json()) as BucketSnapshot;
}

/**
 * As many callers, one after the other, and how each of them ends. If the bucket has a token, the first of all is
 * granted at once.
 */
async function crowd(bucket: string, count: number, tokens = [1]): Promise<Promise<Response>[]> {
  const callers: Promise<Response>[] = [];
  const { tokens: free } = await snapshotOf(bucket);
  for (let index = 0; index < count; index++) {
    const ask = `bucket=${bucket}&label=caller-${index}&tokens=${tokens[index] ?? 1}`;
    const caller = fetch(`${server.url}/acquire?${ask}`);
    // If a test fails before it ends.
    caller.catch(() => undefined);
    callers.push(caller);
    const waiters = index + 1 - Math.min(1, free);
    await expect.poll(async () => (await snapshotOf(bucket)).waiters).toBe(waiters);
  }
  return callers;
}

async function reasonOf(caller: Promise<Response> | undefined): Promise<unknown> {
  const body: unknown = await (await caller)?.json();
  return membersOf(body)["reason"];
}

async function openPage(bucket: string, options = {}): Promise<OpenPage> {
  const opened = await openLivePage(browser, addressOf(bucket), options);
  await opened.page.getByText("Live", { exact: true }).waitFor();
  return opened;
}

function button(within: Page | Locator, name: string): Locator {
  return within.getByRole("button", { name, exact: true });
}

function dialog(page: Page, name: string): Locator {
  return page.getByRole("dialog", { name });
}

/** Gives the admin key when it is asked for. */
async function giveKey(page: Page, hands: Hands, key = ADMIN_KEY): Promise<void> {
  await hands.type(page.getByLabel("Admin key", { exact: true }), key);
  await hands.press(button(dialog(page, "This needs an admin key"), "Use key"));
}

/** What is read out of what an operator did. */
function said(page: Page, text: string | RegExp): Promise<void> {
  return page.locator(".said[role=status]", { hasText: text }).waitFor();
}

async function focusedText(page: Page): Promise<string> {
  return page.evaluate(
    "document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent",
  );
}

describe.each([
  ["mouse", () => mouse()],
  ["keyboard", (page: Page) => keyboard(page)],
] as const)("by %s", (by, handsOn) => {
  it("shows who came before the page, and takes one of them out", async () => {
    const bucket = uniqueName();
    const callers = await crowd(bucket, 4);
    await using opened = await openPage(bucket);
    const { page, complaints } = opened;
    const hands = handsOn(page);
    const rows = page.locator(".waiter-table tbody tr");
    const places = (): Promise<string[]> => rows.locator("td:first-child").allTextContents();
    await rows.nth(2).waitFor();
    expect(await places()).toEqual(["1", "2", "3"]);
    await rows
      .nth(1)
      .getByText(/^(9|10) min( \d+ s)?$/)
      .waitFor();

    await hands.press(button(page, "Cancel place 2, caller-2"));
    await giveKey(page, hands);
    await said(page, "Cancelled: place 2, caller-2");
    expect(await reasonOf(callers[2])).toBe("cancelled-by-admin");
    await page.mouse.move(0, 0);
    await expect.poll(() => places()).toEqual(["1", "2"]);
    // A second press of the key takes nobody else out.
    await expect.poll(() => focusedText(page)).toBe("Cancelled: place 2, caller-2");
    await page.keyboard.press("Enter");
    expect(await places()).toEqual(["1", "2"]);
    // The key is known by now.
    await hands.press(button(page, "Cancel place 1, caller-1"));
    await hands.press(button(page, "Cancel place 1, caller-3"));
    await page.mouse.move(0, 0);
    await page.getByText("Nobody is waiting.").waitFor();
    expect(await snapshotOf(bucket)).toMatchObject({ waiters: 0 });
    expect(besidesRefusals(complaints)).toEqual([]);
  });

  it("pauses each limit for as long as is said, and resumes them one by one", async () => {
    const bucket = uniqueName("two");
    await using opened = await openPage(bucket);
    const { page, complaints, addresses } = opened;
    const hands = handsOn(page);
    await hands.press(button(page, "Pause …"));
    const question = dialog(page, "Pause the bucket");
    await question.getByLabel("For", { exact: true }).selectOption("1 hour");
    await question.getByLabel("tpm").press("Space");
    await hands.type(question.getByLabel("Tokens it may still give"), "many");
    await hands.press(button(question, "Pause"));
    await giveKey(page, hands, "wrong");
    await page.getByText("This key is wrong: it is not one of ADMIN_TOKEN.").waitFor();
    await giveKey(page, hands, SCOPED_KEY);
    await page.getByText(`This API key lacks the right "pause" on "${bucket}".`).waitFor();
    await giveKey(page, hands);
    await question.getByText(/^tokens must be an integer from 0 to .*: got "many"\.$/).waitFor();
    await hands.type(question.getByLabel("Tokens it may still give"), "0");
    await hands.press(button(question, "Pause"));
    await said(page, /^Paused “rate”, “tpm” until /);
    // The focus is back where it was.
    await expect.poll(() => focusedText(page)).toBe("Pause …");
    const { pausedUntilMs = 0, limits } = await snapshotOf(bucket);
    expect(Math.abs(pausedUntilMs - Date.now() - 3_600_000)).toBeLessThan(30_000);
    expect(limits?.["tpm"]).toMatchObject({ pausedUntilMs });

    // A shorter pause leaves a longer one as it is, and says so.
    const words = await page.locator(".operator .said").textContent();
    await hands.press(button(page, "Pause …"));
    await question.getByLabel("For", { exact: true }).selectOption("30 s");
    await hands.press(button(question, "Pause"));
    await said(page, `Paused “rate” ${words?.replace(/^.*(?=until)/, "")}`);

    await hands.press(button(page, "Resume rate"));
    await said(page, "Resumed “rate”");
    await expect.poll(() => focusedText(page)).toBe("Pause …");
    expect(await snapshotOf(bucket)).not.toHaveProperty("pausedUntilMs");
    await hands.press(button(page, "Resume tpm"));
    await said(page, "Resumed “tpm”");
    await expect.poll(() => page.getByRole("button", { name: /^Resume/ }).count()).toBe(0);

    await hands.press(button(page, "Forget admin key"));
    await expect.poll(() => focusedText(page)).toBe("Pause …");
    await hands.press(button(page, "Reset …"));
    await hands.press(button(page, "Reset bucket"));
    await dialog(page, "This needs an admin key").waitFor();
    await page.keyboard.press("Escape");
    await dialog(page, "This needs an admin key").waitFor({ state: "detached" });
    await dialog(page, `Reset ${bucket}?`).waitFor();
    expect(addresses.filter((address) => /one-(that|for)|wrong/.test(address))).toEqual([]);
    expect(besidesRefusals(complaints)).toEqual([]);
  });

  it("says whom a pause would refuse, and whom it has", async () => {
    const bucket = uniqueName("brief");
    const callers = await crowd(bucket, 5);
    await using opened = await openPage(bucket);
    const { page, complaints } = opened;
    const hands = handsOn(page);
    await hands.press(button(page, "Pause …"));
    const question = dialog(page, "Pause the bucket");
    const length = question.getByLabel("For", { exact: true });
    await question.getByText("4 of 4 waiting callers would be refused at once").waitFor();
    expect(await length.inputValue()).toBe("60000");
    await page.screenshot({ path: `${screenshotDir}/pause-${by}.png` });
    await length.selectOption("30 s");
    await question.getByText(/^[1-3] of 4 waiting callers would be refused at once/).waitFor();
    await length.selectOption("5 min");
    await question.getByText("4 of 4 waiting callers would be refused at once").waitFor();
    await hands.press(button(question, "Pause"));
    await giveKey(page, hands);
    await said(page, /^Paused until .*; 4 waiting callers were refused$/);
    expect(await reasonOf(callers[4])).toBe("timeout");
    expect(besidesRefusals(complaints)).toEqual([]);
  });

  it("changes the policy, after a preview that says who would be refused", async () => {
    const bucket = uniqueName("wide");
    const callers = await crowd(bucket, 3, [2, 8, 1]);
    await using opened = await openPage(bucket);
    const { page, complaints } = opened;
    const hands = handsOn(page);
    await hands.press(button(page, "Edit policy …"));
    // Before anything is filled in.
    await giveKey(page, hands);
    const form = dialog(page, "Edit the policy");
    await hands.press(button(form, "Preview"));
    await form.getByText("Nothing is changed yet.").waitFor();
    const capacity = form.getByLabel("Capacity");
    await hands.type(capacity, "many");
    await hands.type(form.getByLabel("Longest wait"), "30");
    await hands.press(button(form, "Preview"));
    // Each fault at its field, and the focus in the first of them.
    await form.getByText(/^Capacity must be an integer from 1 to .*: got "many"\.$/).waitFor();
    await form.getByText(/^Longest wait \(maxWait\) .* got .?30.?.*\.$/).waitFor();
    await expect.poll(() => page.evaluate("document.activeElement.id")).toBe("policy-capacity");
    expect(await capacity.getAttribute("aria-invalid")).toBe("true");

    await hands.type(capacity, "5");
    await hands.type(form.getByLabel("Longest wait"), "30m");
    await hands.press(button(form, "Preview"));
    await expect.poll(() => focusedText(page)).toBe("What this would do now");
    const preview = form.locator(".preview");
    await preview.getByText("1 caller would be refused:").waitFor();
    await preview.getByText("Place 2, caller-1: exceeds-capacity").waitFor();
    await preview.getByText("1 caller would be granted at another time").waitFor();
    const rows = await preview.locator(".policy > div").allTextContents();
    expect(rows).toEqual([
      "Waiting3 → 2",
      "Capacity10 tokens → 5 tokens",
      "Longest wait1 hour → 30 min",
    ]);
    expect(await snapshotOf(bucket)).toMatchObject({ waiters: 3, policy: { capacity: 10 } });
    // A preview is of what it was made for.
    await hands.type(capacity, "6");
    await expect.poll(() => preview.count()).toBe(0);
    await hands.press(button(form, "Preview"));
    await hands.type(form.getByLabel("Note"), "less for a while");
    await page.screenshot({ path: `${screenshotDir}/policy-preview-${by}.png` });
    await hands.press(button(form, "Apply"));
    await said(page, "The policy was changed");
    await expect.poll(() => focusedText(page)).toBe("Edit policy …");
    await page.getByText(/^Overridden since \d\d:\d\d:\d\d: “less for a while”/).waitFor();
    expect(await reasonOf(callers[1])).toBe("exceeds-capacity");
    await expect.poll(() => page.locator(".waiter-table tbody tr").count()).toBe(2);
    const { policy } = await snapshotOf(bucket);
    expect(policy).toMatchObject({ capacity: 6, maxWaitMs: 1_800_000, refillTokens: 1 });
    expect(besidesRefusals(complaints)).toEqual([]);
    const headers = { Authorization: `Bearer ${ADMIN_KEY}` };
    await fetch(addressOf(bucket), { method: "DELETE", headers });
  });

  it("shows an override with its note, and takes it back", async () => {
    const bucket = uniqueName();
    const headers = { Authorization: `Bearer ${ADMIN_KEY}` };
    const put = async (changes: object): Promise<void> => {
      const body = JSON.stringify(changes);
      expect((await fetch(addressOf(bucket), { method: "PUT", headers, body })).status).toBe(200);
    };
    await put({ capacity: 5, note: "sale" });
    await put({ capacity: 7, note: "more of it <b>" });
    await using opened = await openPage(bucket);
    const { page, complaints } = opened;
    const hands = handsOn(page);
    await page.getByText(/^Overridden since \d\d:\d\d:\d\d: “more of it <b>”/).waitFor();
    const question = dialog(page, "Take the override back?");
    await hands.press(button(page, "Take back …"));
    await giveKey(page, hands);
    await question.getByText(/^With the configured policy, nobody would be refused now/).waitFor();
    await question.getByText(/^With the previous override, nobody would be refused now/).waitFor();
    await hands.press(button(question, "Use the previous override"));
    // Of that one the note isn't kept.
    await page.getByText(/^Overridden since \d\d:\d\d:\d\d Take back …$/).waitFor();
    expect((await snapshotOf(bucket)).policy.capacity).toBe(5);
    await hands.press(button(page, "Take back …"));
    expect(await button(question, "Use the previous override").count()).toBe(0);
    await hands.press(button(question, "Use the configured policy"));
    await said(page, "The override is gone: the configured policy is in force again");
    await expect.poll(() => page.locator(".override-mark").count()).toBe(0);
    await expect.poll(() => focusedText(page)).toBe("Pause …");
    expect((await snapshotOf(bucket)).policy.capacity).toBe(1);
    expect(besidesRefusals(complaints)).toEqual([]);
  });

  it("resets the bucket, after a question that says what is lost", async () => {
    const bucket = uniqueName();
    const callers = await crowd(bucket, 3);
    await using opened = await openPage(bucket);
    const { page, complaints } = opened;
    const hands = handsOn(page);
    await hands.press(button(page, "Reset …"));
    const question = dialog(page, `Reset ${bucket}?`);
    await question.getByText("2 callers are refused now, with bucket-reset").waitFor();
    await question.getByText("Tokens start again, with 1").waitFor();
    await expect.poll(() => focusedText(page)).toBe("Keep it");
    await hands.press(button(question, "Keep it"));
    await question.waitFor({ state: "detached" });
    await expect.poll(() => focusedText(page)).toBe("Reset …");
    expect(await snapshotOf(bucket)).toMatchObject({ waiters: 2, granted: 1 });

    await hands.press(button(page, "Reset …"));
    await hands.press(button(question, "Reset bucket"));
    await giveKey(page, hands);
    await said(page, "The bucket was reset");
    expect(await reasonOf(callers[1])).toBe("bucket-reset");
    await page.getByText("Nobody is waiting.").waitFor();
    expect(await snapshotOf(bucket)).toMatchObject({ waiters: 0, granted: 0, tokens: 1 });
    expect(besidesRefusals(complaints)).toEqual([]);
  });
});

describe("where an operator's key is no help, or none is needed", () => {
  it("says that admin calls are disabled, where they are, and asks for nothing", async () => {
    await using open = await startWorkerd({ policies });
    await using opened = await openLivePage(browser, `${open.url}/buckets/slow`);
    const { page } = opened;
    const words =
      "No ADMIN_TOKEN is set: set it with wrangler secret put ADMIN_TOKEN, or in .dev.vars.";
    await button(page, "Pause …").click();
    await button(dialog(page, "Pause the bucket"), "Pause").click();
    const pauseWords =
      'Nobody may pause: set an API_TOKEN with a key that may "pause", or an ADMIN_TOKEN.';
    await dialog(page, "Pause the bucket").getByText(pauseWords).waitFor();
    await page.keyboard.press("Escape");
    await button(page, "Edit policy …").click();
    await page.locator(".operator .said.fault", { hasText: words }).waitFor();
    await button(page, "Reset …").click();
    await button(page, "Reset bucket").click();
    await dialog(page, "Reset slow?").getByText(words).waitFor();
    expect(await dialog(page, "This needs an admin key").count()).toBe(0);
  });

  it("pauses with an API key that may, and asks for the admin key to resume", async () => {
    const key = { token: "one-that-may-pause", buckets: ["*"], may: ["acquire", "read", "pause"] };
    const vars = { ADMIN_TOKEN: ADMIN_KEY, API_TOKEN: JSON.stringify([key]), PUBLIC: "false" };
    await using closed = await startWorkerd({ policies, vars });
    await using opened = await openLivePage(browser, `${closed.url}/buckets/slow`);
    const { page } = opened;
    await page.locator("#token").fill(key.token);
    await page.keyboard.press("Enter");
    await button(page, "Pause …").click();
    await button(dialog(page, "Pause the bucket"), "Pause").click();
    await said(page, /^Paused until /);
    await button(page, "Resume").click();
    await giveKey(page, mouse());
    await said(page, "Resumed");
    // The queue is read with the API key, the admin key is good for changes alone.
    await button(page, "Ten at once").click();
    // The pause took the only token.
    await page.locator(".waiter-table tbody tr").nth(9).waitFor();
    expect(await snapshotOn(closed.url, "slow", key.token)).toMatchObject({ waiters: 10 });
    await button(page, "Cancel mine").click();
    await page.getByText("Nobody is waiting.").waitFor();
  });
});

describe("the list of waiters", () => {
  it("keeps its rows in place while the pointer is on them", async () => {
    const bucket = uniqueName();
    const callers = await crowd(bucket, 4);
    await using opened = await openPage(bucket);
    const { page } = opened;
    const rows = page.locator(".waiter-table tbody tr");
    await rows.nth(2).waitFor();
    await rows.nth(1).hover();
    await page.waitForTimeout(1_000);
    const before = await rows.nth(1).boundingBox();
    const { waiters } = (await (await fetch(`${addressOf(bucket)}/waiters`)).json()) as {
      readonly waiters: readonly { readonly id: string }[];
    };
    const headers = { Authorization: `Bearer ${ADMIN_KEY}` };
    const head = `${addressOf(bucket)}/waiters/${waiters[0]?.id}`;
    expect((await fetch(head, { method: "DELETE", headers })).status).toBe(204);
    await callers[1];
    await rows.first().getByText("left", { exact: true }).waitFor();
    expect((await rows.nth(1).boundingBox())?.y).toBe(before?.y);
    // It is the first by now.
    await button(rows.nth(1), "Cancel place 1, caller-2").waitFor();
    await page.mouse.move(0, 0);
    await expect.poll(() => rows.count()).toBe(2);
  });

  it("lists two hundred, and says how many more there are", async () => {
    const bucket = uniqueName("many");
    // All of them on one connection.
    await using client = createClient({ url: server.url, transport: "session" });
    const callers = Array.from({ length: 231 }, () => client.acquire(bucket));
    await expect.poll(async () => (await snapshotOf(bucket)).waiters).toBe(230);
    await using opened = await openPage(bucket);
    const { page } = opened;
    await page.locator(".waiter-table tbody tr").nth(199).waitFor();
    await page.getByText(/^and 30 more\. All served in about \d+ (min|s)/).waitFor();
    expect(await page.locator(".waiter-table tbody tr").count()).toBe(200);
    await page.screenshot({ path: `${screenshotDir}/waiters-1280.png`, fullPage: true });
    const headers = { Authorization: `Bearer ${ADMIN_KEY}` };
    await fetch(addressOf(bucket), { method: "DELETE", headers });
    await page.getByText("Nobody is waiting.").waitFor();
    await Promise.all(callers);
  });
});

describe("an operator's page", () => {
  it("says what is held and set aside: permits, holds, what a pause keeps of a calendar", async () => {
    const bucket = uniqueName("rich");
    const headers = { Authorization: `Bearer ${ADMIN_KEY}` };
    await fetch(`${server.url}/acquire?bucket=${bucket}&tokens.tpm=40&holdMs=60000`);
    const body = JSON.stringify({ untilMs: Date.now() + 3_600_000, tokens: 10 });
    await fetch(`${addressOf(bucket)}/pause`, { method: "POST", headers, body });
    await using opened = await openPage(bucket);
    const { page, complaints } = opened;
    await page
      .locator(".figure", { hasText: /^Permits held1 of 3, the oldest for \d+ s$/ })
      .waitFor();
    const gauge = (name: string): Locator => page.locator(`.gauge[data-limit="${name}"]`);
    await gauge("tpm")
      .getByText(/^of 1,000, 40 held$/)
      .waitFor();
    await gauge("rate")
      .getByText(/^Paused until (\w{3} \d+ \w{3}, )?\d\d:\d\d:\d\d, then \d+ more$/)
      .waitFor();
    await button(page, "Reset …").click();
    const question = dialog(page, `Reset ${bucket}?`);
    await question.getByText("1 permit is forgotten, while its holder works on").waitFor();
    await question.getByText("Holds are forgotten, and can't be settled any more").waitFor();
    expect(complaints).toEqual([]);
  });

  it.each([
    ["light", 1280],
    ["light", 768],
    ["light", 360],
    ["dark", 1280],
    ["dark", 768],
    ["dark", 360],
  ] as const)("fits and can be read: %s, %d pixels", async (colorScheme, width) => {
    const bucket = uniqueName();
    const callers = await crowd(bucket, 3);
    const viewport = { width, height: 800 };
    await using opened = await openPage(bucket, { colorScheme, viewport });
    const { page } = opened;
    await page.evaluate(`sessionStorage.setItem("sluice.admin-key", ${JSON.stringify(ADMIN_KEY)})`);
    await page.locator(".waiter-table tbody tr").nth(1).waitFor();
    const looksRight = async (name: string): Promise<void> => {
      const isWider = await page.evaluate("document.documentElement.scrollWidth > innerWidth");
      expect(isWider, name).toBe(false);
      expect(await faintTexts(page), name).toEqual([]);
      const path = `${screenshotDir}/operator-${name}-${colorScheme}-${width}.png`;
      await page.screenshot({ path, fullPage: true });
    };
    await looksRight("queue");
    for (const [name, title] of [
      ["Pause …", "Pause the bucket"],
      ["Edit policy …", "Edit the policy"],
      ["Reset …", `Reset ${bucket}?`],
    ] as const) {
      await button(page, name).click();
      const question = dialog(page, title);
      await question.waitFor();
      const open = "document.querySelector('dialog[open]')";
      expect(await page.evaluate(`${open}.scrollWidth > ${open}.clientWidth`)).toBe(false);
      await looksRight(title.split(" ")[0] ?? "");
      await page.keyboard.press("Escape");
      await question.waitFor({ state: "detached" });
    }
    const headers = { Authorization: `Bearer ${ADMIN_KEY}` };
    await fetch(addressOf(bucket), { method: "DELETE", headers });
    await Promise.all(callers);
  });
});
