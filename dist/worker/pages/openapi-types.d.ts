/** The parts of an OpenAPI 3.1 document that the description of the HTTP interface has. */
import type { Schema } from "./json-schema.ts";
/** A parameter of a call. */
export interface Parameter {
    readonly name: string;
    readonly in: "query" | "path" | "header";
    readonly description: string;
    readonly required?: boolean;
    readonly style?: "form";
    readonly explode?: boolean;
    readonly schema: Schema;
}
/** A body of a request or an answer in one media type. */
export interface MediaType {
    readonly schema: Schema;
    readonly example?: unknown;
}
/** What a call may answer with a given status. */
export interface Answer {
    readonly description: string;
    readonly headers?: Readonly<Record<string, {
        readonly $ref: string;
    }>>;
    readonly content?: Readonly<Record<string, MediaType>>;
}
/** A call. */
export interface Operation {
    readonly operationId: string;
    readonly tags: readonly string[];
    readonly summary: string;
    readonly description: string;
    readonly security: readonly Readonly<Record<string, readonly string[]>>[];
    readonly parameters?: readonly Parameter[];
    readonly requestBody?: {
        readonly required: boolean;
        readonly content: Readonly<Record<string, MediaType>>;
    };
    readonly responses: Readonly<Record<string, Answer>>;
}
/** The methods of a path; HEAD is like GET, without the body. */
export type PathItem = Partial<Readonly<Record<"get" | "post" | "put" | "delete", Operation>>>;
/** The whole description. */
export interface OpenApiDocument {
    readonly openapi: "3.1.1";
    readonly info: {
        readonly title: string;
        readonly version: string;
        readonly summary: string;
        readonly description: string;
        readonly license: {
            readonly name: string;
            readonly identifier: string;
        };
    };
    readonly servers: readonly {
        readonly url: string;
    }[];
    readonly tags: readonly {
        readonly name: string;
        readonly description: string;
    }[];
    readonly paths: Readonly<Record<string, PathItem>>;
    readonly components: {
        readonly securitySchemes: Readonly<Record<string, Readonly<Record<string, string>>>>;
        readonly headers: Readonly<Record<string, {
            readonly description: string;
            readonly schema: Schema;
        }>>;
        readonly schemas: Readonly<Record<string, Schema>>;
    };
}
