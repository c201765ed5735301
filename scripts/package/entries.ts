/**
 * What each entry of the package may weigh: bundled for a browser or a Worker, minified and compressed.
 * A limit is what the entry weighs, and a tenth: whoever makes it grow by more decides so here.
 */

/** One entry of the package. */
export interface PackageEntry {
  /** As it is imported. */
  readonly specifier: string;
  /** Bytes of everything that it exports, minified and compressed by gzip. */
  readonly maxBytes: number;
  /** Modules that stay outside: the runtime's own, and dependencies that are the user's too. */
  readonly external: readonly string[];
}

/** `./worker` brings the pages, which are half of it. */
export const entries: readonly PackageEntry[] = [
  { specifier: "sluice", maxBytes: 30_000, external: [] },
  { specifier: "sluice/client", maxBytes: 34_000, external: [] },
  { specifier: "sluice/hono", maxBytes: 25_000, external: ["hono"] },
  { specifier: "sluice/testing", maxBytes: 180_000, external: [] },
  { specifier: "sluice/worker", maxBytes: 180_000, external: ["cloudflare:workers"] },
];

/**
 * Of the tarball: 1.1 MB, and a tenth. Source maps with the sources in them are more than half of it; without them
 * the bundle of a Worker could not show the code of a frame.
 */
export const MAX_PACKED_BYTES = 1_240_000;
