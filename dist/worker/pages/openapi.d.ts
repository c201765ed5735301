import type { OpenApiDocument } from "./openapi-types.ts";
/** The description of the HTTP interface. */
export declare const openApiDocument: OpenApiDocument;
