/** Ways to work a page: each test of them is done by mouse, and again by keyboard alone. */
import type { Locator, Page } from "playwright-core";

/** More stops than any page here has. */
const MAX_STOPS = 120;

/** One way to use what is on a page. */
export interface Hands {
  /** Presses a button, or follows a link. */
  readonly press: (target: Locator) => Promise<void>;
  /** Replaces the text of a field. */
  readonly type: (field: Locator, text: string) => Promise<void>;
}

/** By mouse; text is typed all the same. */
export function mouse(): Hands {
  return {
    press: (target) => target.click(),
    type: async (field, text) => {
      await field.click();
      await field.fill(text);
    },
  };
}

/** By keyboard alone: Tab leads to everything, and what has the focus shows it. */
export function keyboard(page: Page): Hands {
  return {
    press: async (target) => {
      await tabTo(page, target);
      await page.keyboard.press("Enter");
    },
    type: async (field, text) => {
      await tabTo(page, field);
      await page.keyboard.press("Control+A");
      await page.keyboard.type(text);
    },
  };
}

/** @throws {Error} If Tab doesn't lead there, or nothing shows that it has. */
async function tabTo(page: Page, target: Locator): Promise<void> {
  await target.waitFor();
  for (let stop = 0; stop < MAX_STOPS; stop++) {
    if ((await target.and(page.locator(":focus")).count()) > 0) {
      const outline = await page.evaluate("getComputedStyle(document.activeElement).outlineStyle");
      if (outline !== "solid") throw new Error(`${target.toString()} doesn't show its focus`);
      return;
    }
    await page.keyboard.press("Tab");
  }
  throw new Error(`Tab doesn't lead to ${target.toString()}`);
}
