/** The live page in a browser, as tests open it: with everything kept that it complains about. */
import type { Browser, BrowserContextOptions, Page } from "playwright-core";

/** Where the pictures go that a run leaves behind. */
export const screenshotDir = ".vitest/screenshots";

/** For whatever a page is to show soon, on a busy machine. */
const PATIENCE_MS = 15_000;

/** A page, and what was said in its console. */
export interface OpenPage extends AsyncDisposable {
  readonly page: Page;
  /** Errors and warnings of the console, violations of its policy among them, and exceptions. */
  readonly complaints: readonly string[];
  /** All addresses that it asked for anything. */
  readonly addresses: readonly string[];
}

/** Opens `url` in a browser's window of its own. */
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

/** Without what Chromium itself says of every handshake and every request that is refused. */
export function besidesRefusals(complaints: readonly string[]): string[] {
  return complaints.filter((text) => !REFUSED.test(text));
}

const REFUSED =
  /^(WebSocket connection to .* failed: (HTTP Authentication failed|Error during WebSocket handshake: Unexpected response code: 4\d\d)|Failed to load resource: .* status of 4\d\d )/;

/** A piece of text on the page whose contrast is too low. */
export interface FaintText {
  readonly text: string;
  readonly ratio: number;
}

/**
 * Texts with a contrast below what WCAG 2.2 demands at level AA: 4.5, or 3 where they are large. Colours are
 * taken as the browser has computed them, the background from the nearest ancestor that has one.
 */
export async function faintTexts(page: Page): Promise<FaintText[]> {
  return page.evaluate(FIND_FAINT_TEXTS);
}

/** As text: it runs in the page. */
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
