/** The TypeScript of a page as modules: blocks that go on with one another are one. */
import type { Block, Page } from "./page.ts";

/** A block in TypeScript, and those that go on with it. */
export interface SampleModule {
  readonly page: Page;
  readonly blocks: readonly Block[];
  /** Name of its file. */
  readonly file: string;
  /** A Worker exports what it handles; all else is run by Node. */
  readonly isWorker: boolean;
}

/** All modules of a page, in its order. Blocks that nobody runs are in none. */
export function modulesOf(page: Page): SampleModule[] {
  const chains: Block[][] = [];
  for (const block of page.blocks) {
    if (block.language !== "ts" || block.mark.kind === "not-run") continue;
    const last = chains.at(-1);
    if (block.mark.kind === "continues" && last) last.push(block);
    else chains.push([block]);
  }
  return chains.map((blocks) => ({
    page,
    blocks,
    file: `${(blocks[0]?.place ?? "").replaceAll(/[^A-Za-z0-9]+/g, "-")}.ts`,
    isWorker: blocks.some(({ text }) => /^export (default|\{|\*)/m.test(text)),
  }));
}

/** Its text. */
export function sourceOf({ blocks }: SampleModule): string {
  return blocks.map(({ text }) => text).join("");
}

/** Where a line of its text, counted from 1, stands on the page. */
export function placeOf({ blocks }: SampleModule, line: number): string {
  let left = line;
  for (const { place, text } of blocks) {
    const lines = text.split("\n").length - 1;
    const [, path = "", fence = "0"] = /^(.*):(\d+)$/.exec(place) ?? [];
    if (left <= lines) return `${path}:${Number(fence) + left}`;
    left -= lines;
  }
  return blocks.at(-1)?.place ?? "";
}
