/**
 * Builds the live page, src/dashboard, into one module of text, src/dashboard/assets.ts: so the Worker
 * serves it wherever it runs, with no asset service beside it and no file to read.
 *
 * It does so only where a source is newer than the module, and says nothing: every npm script begins
 * with it, and wrangler runs it by itself ([build] in wrangler.toml). Several may run at once, in tests as
 * under `wrangler dev`; so the module is written beside its place and then moved there as a whole.
 *
 * Plain JavaScript: it runs on whatever Node the machine has, from version 20 on.
 */
import { createHash } from "node:crypto";
import { readFile, readdir, rename, stat, utimes, writeFile } from "node:fs/promises";
import { basename, extname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const dashboard = join(root, "src/dashboard");
const built = join(dashboard, "assets.ts");

/** What the page is made of. The lock file is for the libraries in it. */
const sources = ["src/dashboard", "src/client", "src/core", "src/protocol"].map(fromRoot);
const tools = ["scripts/build-page.mjs", "package-lock.json"].map(fromRoot);

/** Enough that two contents never share a name. */
const HASH_LENGTH = 12;

/** How each kind of asset is served. */
const mediaTypes = {
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
};

function fromRoot(path) {
  return join(root, path);
}

/** When the newest of `paths` and of all that is in them was changed, but for what is built. */
async function newestChange(paths) {
  const changes = await Promise.all(
    paths.map(async (path) => {
      // Also what is being written beside the built module, by another run.
      if (basename(path).startsWith(basename(built))) return 0;
      const found = await stat(path);
      if (!found.isDirectory()) return found.mtimeMs;
      const names = await readdir(path);
      return newestChange(names.map((name) => join(path, name)));
    }),
  );
  return Math.max(0, ...changes);
}

async function isUpToDate() {
  const builtAt = await stat(built).then(
    ({ mtimeMs }) => mtimeMs,
    () => 0,
  );
  return builtAt > 0 && builtAt >= (await newestChange([...sources, ...tools]));
}

/**
 * The scripts and styles, minified: the page's own in one piece each, with a hash in the name of what they load later
 * or share with it.
 */
async function bundle() {
  const { build } = await import("esbuild");
  const { outputFiles, metafile } = await build({
    entryPoints: [join(dashboard, "page.tsx"), join(dashboard, "page.css")],
    outdir: dashboard,
    bundle: true,
    splitting: true,
    chunkNames: "[name].[hash]",
    metafile: true,
    write: false,
    minify: true,
    format: "esm",
    // What of 2023 browsers know.
    target: ["chrome110", "firefox115", "safari16.4"],
    jsx: "automatic",
    jsxImportSource: "preact",
    legalComments: "none",
    logLevel: "error",
  });
  const files = outputFiles.map(({ path, text }) => ({ name: basename(path), text }));
  const page = Object.entries(metafile.outputs).find(([path]) => basename(path) === "page.js");
  const shared = (page?.[1].imports ?? [])
    .filter(({ kind }) => kind === "import-statement")
    .map(({ path }) => basename(path));
  return { files, shared };
}

async function makeModule() {
  const icon = { name: "icon.svg", text: await readFile(join(dashboard, "icon.svg"), "utf8") };
  let html = await readFile(join(dashboard, "page.html"), "utf8");
  const assets = {};
  const { files, shared } = await bundle();
  for (const { name, text } of [...files, icon]) {
    const extension = extname(name);
    const mediaType = mediaTypes[extension];
    if (!html.includes(`"assets/${name}"`)) {
      // Named with a hash already, by what loads it.
      assets[name] = { mediaType, text };
      continue;
    }
    const hash = createHash("sha256").update(text).digest("hex").slice(0, HASH_LENGTH);
    const hashedName = `${basename(name, extension)}.${hash}${extension}`;
    html = html.replaceAll(`"assets/${name}"`, `"assets/${hashedName}"`);
    assets[hashedName] = { mediaType, text };
  }
  // At the same time as the script, and not when that is read.
  const links = shared.map((name) => `    <link rel="modulepreload" href="assets/${name}" />\n`);
  html = html.replace("  </head>", `${links.join("")}  </head>`);
  return [
    "// Made by scripts/build-page.mjs of what is in this folder; do not edit.",
    "",
    "/** A file that the page loads. */",
    "export interface Asset {",
    "  readonly mediaType: string;",
    "  readonly text: string;",
    "}",
    "",
    "/** The page as it stands at the top; one level below, `assets/` is `../assets/`. */",
    `export const pageHtml: string = ${JSON.stringify(html)};`,
    "",
    "/** What it loads, by names that hold a hash of the content. */",
    `export const assets: Readonly<Record<string, Asset>> = ${JSON.stringify(assets)};`,
    "",
  ].join("\n");
}

/** Brings the module up to date. */
export async function buildPage() {
  if (await isUpToDate()) return;
  const startedAt = new Date();
  const text = await makeModule();
  const before = await readFile(built, "utf8").catch(() => undefined);
  if (text !== before) {
    const draft = `${built}.${process.pid}`;
    await writeFile(draft, text);
    await rename(draft, built);
  }
  // As old as what was read for it: a source that has changed meanwhile is newer.
  await utimes(built, startedAt, startedAt);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) await buildPage();
