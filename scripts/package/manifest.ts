/**
 * The package.json of the package: that of the repository, less what only the repository needs, with the modules
 * that are built in place of their sources, and with what follows from the repository's address.
 */

/** Of package.json, what users of the package need. Everything else stays in the repository. */
const SHIPPED_FIELDS = [
  "name",
  "version",
  "description",
  "keywords",
  "license",
  "author",
  "type",
  "sideEffects",
  "engines",
  "dependencies",
  "peerDependencies",
  "peerDependenciesMeta",
  "publishConfig",
] as const;

/** The addresses of files, pictures and issues follow from one of this form. */
const REPOSITORY_FORM = /^https:\/\/github\.com\/[\w.-]+\/[\w.-]+(?<!\.git)$/;

/** The repository's package.json, as far as the package is made of it. */
export interface RepositoryManifest {
  readonly version: string;
  /** Paths below src/, or of files that are shipped as they are. */
  readonly exports: Readonly<Record<string, string>>;
  readonly bin: Readonly<Record<string, string>>;
  /** Where the repository can be cloned, `https://github.com/OWNER/NAME`. Unset until it is public. */
  readonly repository?: string | undefined;
  readonly sluice?: { readonly published?: boolean };
  readonly [field: string]: unknown;
}

/**
 * The repository's address; `undefined` if there is none yet.
 *
 * @throws {Error} If it isn't one of GitHub, or if the package is published without one: the links of its page
 * would lead nowhere.
 */
export function repositoryUrlOf({ repository, sluice }: RepositoryManifest): string | undefined {
  if (repository === undefined) {
    if (!sluice?.published) return undefined;
    throw new Error(
      'Cannot publish without an address: set "repository" in package.json to https://github.com/OWNER/NAME',
    );
  }
  if (!REPOSITORY_FORM.test(repository)) {
    throw new Error(
      `Cannot use the repository ${JSON.stringify(repository)}: it must be https://github.com/OWNER/NAME`,
    );
  }
  return repository;
}

type Entry = string | { readonly types: string; readonly default: string };

function builtModule(source: string): string {
  return source.replace(/^\.\/src\/(.*)\.ts$/, "./dist/$1.js");
}

function builtEntry(source: string): Entry {
  const module = builtModule(source);
  if (module === source) return source;
  return { types: module.replace(/\.js$/, ".d.ts"), default: module };
}

function mapValues<Value>(
  record: Readonly<Record<string, string>>,
  map: (value: string) => Value,
): Record<string, Value> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));
}

/** The package.json to pack. @throws {Error} As `repositoryUrlOf` does. */
export function packedManifest(manifest: RepositoryManifest): Record<string, unknown> {
  const url = repositoryUrlOf(manifest);
  const shipped = SHIPPED_FIELDS.filter((field) => manifest[field] !== undefined);
  return {
    ...Object.fromEntries(shipped.map((field) => [field, manifest[field]])),
    exports: mapValues(manifest.exports, builtEntry),
    bin: mapValues(manifest.bin, builtModule),
    // `sluice init` reads it: a project must not depend on a version that no registry has, or that a stranger has.
    ...(!manifest.sluice?.published && { sluice: { published: false } }),
    ...(url !== undefined && {
      homepage: `${url}#readme`,
      repository: { type: "git", url: `git+${url}.git` },
      bugs: { url: `${url}/issues` },
    }),
  };
}
