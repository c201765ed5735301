/** Opens the live page in a browser and records everything that it complains about. */
import type { Browser, BrowserContextOptions, Page } from "playwright-core";

/** Where a run saves its screenshots. */
export const screenshotDir = ".vitest/screenshots";

/** How long to wait for what a page shows shortly, on a busy machine. */
const PATIENCE_MS = 15_000;

/** A page, with its console output and the addresses it has requested. */
export interface OpenPage extends AsyncDisposable {
  readonly page: Page;
  /** Console errors and warnings, including violations of its Content-Security-Policy, and exceptions. */
  readonly complaints: readonly string[];
  /** All addresses that it has sent requests to. */
  readonly addresses: readonly string[];
}

/** Opens `url` in a new browser context. */
export async function openLivePage(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<OpenPage> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  const complaints: string[] = [];
  const addresses: string[] = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("request", (request) => addresses.push(request.url()));
  page.on("websocket", (socket) => addresses.push(socket.url()));
  await page.goto(url);
  return { page, complaints, addresses, [Symbol.asyncDispose]: () => context.close() };
}

/** The complaints without those that Chromium itself logs for each refused handshake or request. */
export function besidesRefusals(complaints: readonly string[]): string[] {
  return complaints.filter((text) => !REFUSED.test(text));
}

const REFUSED =
  /^(WebSocket connection to .* failed: (HTTP Authentication failed|Error during WebSocket handshake: Unexpected response code: 4\d\d)|Failed to load resource: .* status of 4\d\d )/;

/** Text on the page with too little contrast. */
export interface FaintText {
  readonly text: string;
  readonly ratio: number;
}

/**
 * Texts whose contrast is below the minimum of WCAG 2.2 level AA: 4.5, or 3 for large text. Colours are the
 * browser's computed ones; the background is that of the nearest ancestor that has one.
 */
export async function faintTexts(page: Page): Promise<FaintText[]> {
  return page.evaluate(FIND_FAINT_TEXTS);
}

/** A string, since it runs in the page. */
const FIND_FAINT_TEXTS = `(() => {
  const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const channels = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const luminance = (colour) => {
    const [red, green, blue] = channels(colour).map((value) => {
      const share = value / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const backgroundOf = (element) => {
    for (let each = element; each; each = each.parentElement) {
      const { backgroundColor } = getComputedStyle(each);
      if (channels(backgroundColor)[3] === 255) return backgroundColor;
    }
    return "white";
  };
  const faint = [];
  const walker = document.createTreeWalker(document.querySelector("#page"), NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    const text = walker.currentNode.data.trim();
    if (text === "" || element.getClientRects().length === 0) continue;
    const style = getComputedStyle(element);
    const isDrawn = element instanceof SVGElement;
    const [one, other] = [luminance(isDrawn ? style.fill : style.color), luminance(backgroundOf(element))];
    const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    const size = parseFloat(style.fontSize);
    const isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    if (ratio < (isLarge ? 3 : 4.5)) faint.push({ text, ratio });
  }
  return faint;
})()`;

/** What a screen reader would find no name for: controls, pictures and tables without one. */
export async function namelessParts(page: Page): Promise<string[]> {
  return page.evaluate(FIND_NAMELESS_PARTS);
}

/** A string, since it runs in the page. */
const FIND_NAMELESS_PARTS = `(() => {
  const nameOf = (element) => {
    const labelledBy = element.getAttribute("aria-labelledby");
    if (labelledBy) return document.getElementById(labelledBy)?.textContent ?? "";
    const label = element.getAttribute("aria-label");
    if (label !== null) return label;
    if (element.matches("input, select, textarea")) return element.labels?.[0]?.textContent ?? "";
    if (element.matches("table")) return element.caption?.textContent ?? element.closest("[aria-label]")?.ariaLabel ?? "";
    return element.textContent;
  };
  const parts = document.querySelectorAll("a, button, input, select, textarea, dialog, table, section, nav, [role=img], [role=group], [tabindex]");
  return [...parts].filter((part) => nameOf(part).trim() === "").map((part) => part.outerHTML.slice(0, 120));
})()`;
