/** The button that deploys the template: the template needs the published package, and the button an address. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { expect, it } from "vitest";

import { projectDir } from "../../serve/worker-bundle.ts";

const { repository, sluice } = JSON.parse(
  readFileSync(join(projectDir, "package.json"), "utf8"),
) as {
  readonly repository?: string;
  readonly sluice: { readonly published: boolean };
};

const SERVICE = "https://deploy.workers.cloudflare.com";

it.each(["README.md", "docs/operate/deploy.md"])("%s has it once it works", (page) => {
  const text = readFileSync(join(projectDir, page), "utf8");
  const template = `${String(repository)}/tree/main/templates/worker`;
  const button = `[![Deploy to Cloudflare](${SERVICE}/button)](${SERVICE}/?url=${template})`;
  expect(text.includes(SERVICE)).toBe(sluice.published);
  expect(text.includes(button)).toBe(sluice.published);
});
