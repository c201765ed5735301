/**
 * Reads pages of the documentation as somebody who follows them to the letter: in an empty folder, beside a
 * clone of this repository, writes each file that a page shows, runs each command and compares what it
 * prints. Nothing is added: what a page doesn't say isn't there. How pages say it is in `steps.ts`; the
 * environment of commands in `reader-environment.ts`.
 *
 * A page has a folder `project` to itself, with the clone at `../sluice`. If it begins with `cd sluice`, or with
 * a `mkdir` of its own, it begins in the folder that holds the clone. Paths of files are those of the shell.
 *
 * In docs/reference, where a block is a program that shows one thing, `node FILE` follows each file by itself,
 * unless the page does something else with it.
 *
 * At the end of a page everything it started is ended. Its programs have to be right for the compiler, and each
 * has to have been used: see `page-programs.ts`.
 */
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";

import { removeDir } from "../../kit/processes/remove-dir.ts";
import { copyTree, makeClone } from "./clone.ts";
import { readerEnvironment } from "./reader-environment.ts";
import { Reading } from "./reading.ts";
import { blocksOf, followedBy, stepsOf, type SteppedPage } from "./steps.ts";

/** Where a page is read. */
interface Desk {
  /** Holds the folder of the project and the clone. */
  readonly dir: string;
  /** Where the page ended, from `dir`. */
  readonly endedIn: string;
}

/** Reads pages one after the other: their ports are those that they print. */
export class Reader implements AsyncDisposable {
  readonly #dir: string;
  readonly #pages: ReadonlyMap<string, string>;
  /** Pages in whose folder another one begins. */
  readonly #followed: ReadonlySet<string | undefined>;
  readonly #read = new Map<string, Promise<Desk>>();
  #clone: Promise<string> | undefined;

  private constructor(dir: string, pages: ReadonlyMap<string, string>) {
    this.#dir = dir;
    this.#pages = pages;
    this.#followed = new Set([...pages].map(([path, markdown]) => followedBy(markdown, path)));
  }

  /** A reader of pages: their paths, from the project's folder, and their Markdown. */
  static async of(pages: ReadonlyMap<string, string>): Promise<Reader> {
    return new Reader(await mkdtemp(join(tmpdir(), "sluice-reader-")), pages);
  }

  /**
   * Reads the page; before it the one in whose folder it begins.
   *
   * @throws {Error} With the place and what is wrong there.
   */
  async read(path: string): Promise<void> {
    await this.#deskOf(path);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return removeDir(this.#dir);
  }

  #deskOf(path: string): Promise<Desk> {
    const desk = this.#read.get(path) ?? this.#readPage(path);
    this.#read.set(path, desk);
    return desk;
  }

  async #readPage(path: string): Promise<Desk> {
    const markdown = this.#pages.get(path);
    if (markdown === undefined) throw new Error(`No page is called ${path}`);
    const page = stepsOf(markdown, path);
    if (page.steps.length === 0) return { dir: "", endedIn: "" };
    const name = path.replaceAll(/\W+/g, "-");
    const dir = join(this.#dir, name, "desk");
    const home = join(this.#dir, name, "home");
    const scratch = join(this.#dir, name, "scratch");
    for (const folder of [home, scratch]) await mkdir(folder, { recursive: true });
    const cwd = await this.#prepare(page, dir);
    const reading = new Reading(page, { cwd, scratch, env: readerEnvironment(home) });
    let endedIn: string;
    try {
      endedIn = await reading.run();
    } finally {
      await reading.end();
    }
    await reading.check();
    if (!this.#followed.has(path))
      await rm(join(this.#dir, name), { recursive: true, force: true });
    return { dir, endedIn: relative(dir, endedIn) };
  }

  /** Makes what is there before the page, and resolves with the folder in which it begins. */
  async #prepare(page: SteppedPage, dir: string): Promise<string> {
    if (page.follows !== undefined) {
      const desk = await this.#deskOf(page.follows);
      await copyTree(desk.dir, dir);
      const cwd = join(dir, desk.endedIn);
      // Buckets in which the other page has left tokens are not the same twice.
      await rm(join(cwd, ".wrangler"), { recursive: true, force: true });
      return cwd;
    }
    const texts = blocksOf(page).map(({ text }) => text);
    if (texts.some((text) => /\bsluice\b/.test(text))) {
      this.#clone ??= this.#makeClone();
      await mkdir(dir, { recursive: true });
      await copyTree(await this.#clone, join(dir, "sluice"));
    }
    await mkdir(join(dir, "project"), { recursive: true });
    return beginsBeside(page) ? dir : join(dir, "project");
  }

  async #makeClone(): Promise<string> {
    const dir = join(this.#dir, "clone");
    await makeClone(dir, readerEnvironment(join(this.#dir, "home")));
    return dir;
  }
}

/** Whether the page's first command goes to the clone, or makes a folder and goes there. */
function beginsBeside(page: SteppedPage): boolean {
  const commands = blocksOf(page).find(
    ({ language }) => language === "sh" || language === "console",
  );
  const text = commands?.text.replace(/^(\s*#.*\n|\s*\n)+/, "").replaceAll(/^\$ /gm, "") ?? "";
  return /^(cd sluice\b|mkdir (-p )?(\S+)( && |\n)cd \3)/.test(text);
}
