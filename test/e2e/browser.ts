/** Starts a real browser for tests. */
import { existsSync } from "node:fs";

import { chromium, type Browser } from "playwright-core";

/** Where distributions install it. */
const USUAL_PATHS = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/**
 * Starts the Chromium at the path in the variable CHROMIUM, or else the installed one.
 *
 * @throws {Error} If there is none, saying what to install.
 */
export async function launchChromium(): Promise<Browser> {
  const named = process.env["CHROMIUM"];
  const executablePath = [...(named ? [named] : USUAL_PATHS)].find((path) => existsSync(path));
  if (executablePath === undefined) {
    throw new Error(
      `No Chromium at ${named ?? USUAL_PATHS.join(", ")}: install the package "chromium" ` +
        "(apt-get install chromium), or set CHROMIUM=/path/to/chromium",
    );
  }
  // As root, as in a container, Chromium only runs without its sandbox. It only opens pages of these tests.
  return chromium.launch({ executablePath, args: ["--no-sandbox"] });
}
