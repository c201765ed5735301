/**
 * The description of the HTTP interface as a readable page: plain HTML without a script, so that the
 * strictest content security policy fits it, and printing or searching the page covers everything.
 */
import type { OpenApiDocument } from "./openapi-types.ts";
/** The page. */
export declare function docsPage({ info, paths, tags, components }: OpenApiDocument): string;
