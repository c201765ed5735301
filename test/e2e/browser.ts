/** A real browser for tests. */
import { existsSync } from "node:fs";

import { chromium, type Browser } from "playwright-core";

/** Where distributions put it. */
const USUAL_PATHS = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/**
 * Starts the Chromium that the variable CHROMIUM names, or the one that is installed.
 *
 * @throws {Error} Where there is none, with what to install.
 */
export async function launchChromium(): Promise<Browser> {
  const named = process.env["CHROMIUM"];
  const executablePath = [...(named ? [named] : USUAL_PATHS)].find((path) => existsSync(path));
  if (executablePath === undefined) {
    throw new Error(
      `No Chromium at ${named ?? USUAL_PATHS.join(", ")}: install the package "chromium" ` +
        "(apt-get install chromium), or name one by CHROMIUM=/path/to/chromium",
    );
  }
  // Without a sandbox it runs as root in a container, too. It sees pages of these tests only.
  return chromium.launch({ executablePath, args: ["--no-sandbox"] });
}
