import { readFileSync } from "node:fs";

import { describe, expect, it } from "vitest";

import { packedManifest, type RepositoryManifest } from "../../../scripts/package/manifest.ts";

const ours = JSON.parse(
  readFileSync(new URL("../../../package.json", import.meta.url), "utf8"),
) as RepositoryManifest;
const addressless = { ...ours, repository: undefined, sluice: { published: false } };
const url = "https://github.com/acme/sluice";

describe("packedManifest", () => {
  it("leaves out what only the repository needs", () => {
    expect(packedManifest(addressless)).toMatchObject({
      name: "sluice",
      author: expect.any(String),
    });
    for (const field of ["private", "scripts", "devDependencies", "overrides"]) {
      expect(ours).toHaveProperty(field);
      expect(packedManifest(addressless)).not.toHaveProperty(field);
    }
  });

  it("says that no registry has it, until one has", () => {
    expect(packedManifest(addressless)).toMatchObject({ sluice: { published: false } });
    const published = { ...ours, repository: url, sluice: { published: true } };
    expect(packedManifest(published)).not.toHaveProperty("sluice");
  });

  it("exports what is built of the repository's entries", () => {
    const { exports, bin } = packedManifest({
      version: "1.0.0",
      exports: { "./client": "./src/client/index.ts", "./package.json": "./package.json" },
      bin: { sluice: "./src/cli/main.ts" },
    });
    expect(exports).toEqual({
      "./client": { types: "./dist/client/index.d.ts", default: "./dist/client/index.js" },
      "./package.json": "./package.json",
    });
    expect(bin).toEqual({ sluice: "./dist/cli/main.js" });
  });

  it("has no addresses as long as the repository has none", () => {
    const fields = Object.keys(packedManifest(addressless));
    expect(fields.filter((field) => /homepage|repository|bugs/.test(field))).toEqual([]);
  });

  it("derives all addresses from that of the repository", () => {
    const published = { ...ours, repository: url, sluice: { published: true } };
    expect(packedManifest(published)).toMatchObject({
      homepage: "https://github.com/acme/sluice#readme",
      repository: { type: "git", url: "git+https://github.com/acme/sluice.git" },
      bugs: { url: "https://github.com/acme/sluice/issues" },
    });
  });

  it("refuses to be published without an address", () => {
    const published = { ...addressless, sluice: { published: true } };
    expect(() => packedManifest(published)).toThrow(
      /^Cannot publish without an address: set "repo/,
    );
  });

  it.each(["github:acme/sluice", "https://example.com/acme/sluice", `${url}.git`, `${url}/`])(
    "refuses the address %s",
    (repository) => {
      expect(() => packedManifest({ ...ours, repository })).toThrow(
        `Cannot use the repository "${repository}": it must be https://github.com/OWNER/NAME`,
      );
    },
  );
});
