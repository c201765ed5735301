/** Where the package comes from: it isn't in a registry yet, so no page asks one for it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

import { projectDir } from "../../serve/worker-bundle.ts";
import { readPages } from "./documentation.ts";
import { stepsOf, blocksOf } from "./steps.ts";

const { name } = JSON.parse(readFileSync(join(projectDir, "package.json"), "utf8")) as {
  readonly name: string;
};

/** The packed package, beside the folder of the page. */
const FROM_CLONE = new RegExp(`npm (?:install|i) .*(?:\\.\\./)+${name}/${name}\\.tgz`);
const FROM_REGISTRY = new RegExp(
  `npm (?:install|i|add)(?: -\\S+)* ${name}(?:@\\S+)?(?:\\s|$)|npm create ${name}`,
);
/** With `--no`, npx runs what is installed or nothing. */
const RUN = new RegExp(`npx(?! --no )(?: -\\S+)* ${name}(?:\\s|$)`);

/** Each command that would install the package from a registry. */
function askedIn(markdown: string, path: string): string[] {
  const page = stepsOf(markdown, path);
  // A page that begins in the folder of another has what that one has installed.
  let isInstalled = page.follows !== undefined;
  return blocksOf(page).flatMap(({ language, text, place, mark }) => {
    if (language !== "sh" && language !== "console") return [];
    return text.split("\n").flatMap((line) => {
      isInstalled ||= FROM_CLONE.test(line) || /^(?:\$ )?npm (?:install|i|ci)\s*$/.test(line);
      const isAsked = FROM_REGISTRY.test(line) || (RUN.test(line) && !isInstalled);
      return isAsked && mark.kind !== "not-run" ? [`${place}: ${line}`] : [];
    });
  });
}

/** Each line with a command for a crontab, which runs in the home folder, that would install the package from a registry. */
function scheduledIn(markdown: string): string[] {
  return markdown.split("\n").filter((line) => line.includes("crontab") && RUN.test(line));
}

describe.each(readPages)("%s", (path) => {
  const markdown = readFileSync(join(projectDir, path), "utf8");

  it("asks no registry for the package", () => {
    expect(askedIn(markdown, path)).toEqual([]);
  });

  it("installs nothing from a crontab", () => {
    expect(scheduledIn(markdown)).toEqual([]);
  });

  it("imports the package by its name", () => {
    const specifiers = [
      ...markdown.matchAll(/(?:from|import\() ?["']([^"']*\bsluice\b[^"']*)["']/g),
    ];
    const wrong = specifiers.filter(([, to = ""]) => to !== name && !to.startsWith(`${name}/`));
    expect(wrong.map(([found]) => found).filter((found) => !/["']\.{1,2}\//.test(found))).toEqual(
      [],
    );
  });
});

it.each([
  ["npm install sluice", 1],
  ["npm install -D sluice@1", 1],
  ["npx sluice check", 1],
  ["npx --yes sluice check", 1],
  ["npx --no sluice check", 0],
  ["npm install ../sluice/sluice.tgz\nnpx sluice check", 0],
  ["npm install sluice-dashboard", 0],
])("%j asks a registry: %i", (commands, count) => {
  expect(askedIn(`\`\`\`sh\n${commands}\n\`\`\`\n`, "p.md")).toHaveLength(count);
});

it.each([
  ["In your crontab: `npx sluice run a -- b`.", 1],
  ["In your crontab: `cd /c && npx --no sluice run a -- b`.", 0],
  ["`npx sluice run a -- b` runs it.", 0],
])("%j installs from a crontab: %i", (text, count) => {
  expect(scheduledIn(text)).toHaveLength(count);
});
