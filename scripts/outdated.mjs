/** What has a newer version, in each folder that has packages. Changes nothing. */
import { execFileSync, spawnSync } from "node:child_process";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const locks = execFileSync("git", ["ls-files", "*package-lock.json"], { cwd: root });

for (const lock of String(locks).trim().split("\n")) {
  const folder = dirname(lock);
  console.log(`\n${folder === "." ? "the root" : folder}`);
  // Ends with 1 if anything is behind.
  spawnSync("npm", ["outdated"], { cwd: `${root}${folder}`, stdio: "inherit" });
}
