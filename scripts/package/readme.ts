/**
 * The README of the package. A registry shows it without the files that it links to, so links lead to the
 * repository, to the version that is packed. As long as the repository has no address, a link is left as its
 * text, and a picture is left out.
 */

/** Code, which stays as it is; or a picture or a link. The text of a link may hold pictures. */
const CODE_OR_LINK =
  /(?<code>```[\s\S]*?```|`[^`\n]*`)|(?<mark>!?)\[(?<text>(?:!\[[^\]]*\]\([^)]*\)|[^[\]])*)\]\((?<target>[^)\s]+)\)/g;

/** Leads somewhere from any page: an address, or a heading of the page itself. */
const IS_ABSOLUTE = /^(?:[a-z]+:|#)/i;

interface LinkParts {
  readonly code: string | undefined;
  readonly mark: string;
  readonly text: string;
  readonly target: string;
}

/** The README of the repository, as `version` of the package shows it. */
export function packedReadme(readme: string, version: string, url: string | undefined): string {
  // The groups are the last argument.
  const rewritten = readme.replaceAll(CODE_OR_LINK, (whole: string, ...rest: unknown[]) => {
    const { code, mark, text, target } = rest.at(-1) as LinkParts;
    if (code !== undefined) return whole;
    const shown = packedReadme(text, version, url);
    if (IS_ABSOLUTE.test(target)) return `${mark}[${shown}](${target})`;
    const isPicture = mark === "!";
    if (url === undefined) return isPicture ? "" : shown;
    return `${mark}[${shown}](${url}/${isPicture ? "raw" : "blob"}/v${version}/${target})`;
  });
  // Where a picture stood by itself.
  return rewritten.replaceAll(/\n{3,}/g, "\n\n");
}
