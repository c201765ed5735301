import { readFileSync } from "node:fs";

import { describe, expect, it } from "vitest";

import { packedReadme } from "../../../scripts/package/readme.ts";

const url = "https://github.com/acme/sluice";
const ours = readFileSync(new URL("../../../README.md", import.meta.url), "utf8");

/** The targets of links and pictures outside of code, also of those in HTML. */
function targetsIn(markdown: string): string[] {
  const prose = markdown.replaceAll(/```[\s\S]*?```|`[^`\n]*`/g, "");
  const targets = prose.matchAll(/\]\(([^)\s]+)|\b(?:src|href)="([^"]+)"|^\[[^\]]+\]:\s*(\S+)/gm);
  return [...targets].map(([, inline, html, named]) => inline ?? html ?? named ?? "");
}

describe("packedReadme", () => {
  it.each([
    [
      "[The guide](docs/concepts/buckets-and-queue.md#names)",
      `[The guide](${url}/blob/v1.2.3/docs/concepts/buckets-and-queue.md#names)`,
    ],
    ["![A page](docs/page.png)", `![A page](${url}/raw/v1.2.3/docs/page.png)`],
    ["[**bold** `code`](LICENSE)", `[**bold** \`code\`](${url}/blob/v1.2.3/LICENSE)`],
    [
      "[![A page](docs/page.png)](docs/start/README.md)",
      `[![A page](${url}/raw/v1.2.3/docs/page.png)](${url}/blob/v1.2.3/docs/start/README.md)`,
    ],
    [
      "| [a](a.md) | [b](b.md) |",
      `| [a](${url}/blob/v1.2.3/a.md) | [b](${url}/blob/v1.2.3/b.md) |`,
    ],
  ])("has %s lead to the packed version", (link, packed) => {
    expect(packedReadme(link, "1.2.3", url)).toBe(packed);
  });

  it.each([
    "[elsewhere](https://example.com/x.md)",
    "[below](#policies)",
    "<http://localhost:8787/>",
    "`[not](a-link.md)`",
    "```ts\nconst [a] = rows[0](b.md);\n```",
  ])("leaves %s as it is", (text) => {
    expect(packedReadme(text, "1.2.3", url)).toBe(text);
    expect(packedReadme(text, "1.2.3", undefined)).toBe(text);
  });

  it("shows the text of links, and no pictures, without an address", () => {
    const readme =
      "See [The `guide`](docs/concepts/buckets-and-queue.md).\n\n![A page](docs/page.png)\n\nMore.\n";
    expect(packedReadme(readme, "1.2.3", undefined)).toBe("See The `guide`.\n\nMore.\n");
  });

  it.each([url, undefined])(
    "leaves no relative link in our README, with the address %s",
    (address) => {
      expect(targetsIn(ours)).not.toEqual([]);
      const targets = targetsIn(packedReadme(ours, "1.2.3", address));
      expect(targets.filter((target) => !/^(?:https?:|#)/.test(target))).toEqual([]);
    },
  );
});
