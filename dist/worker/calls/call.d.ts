/**
 * What a call of the HTTP interface is. Each call is one file of this folder, which has all of it: where it is
 * and who may make it, what it takes and may answer, in words for the description, and what it does. Routes,
 * the methods that a `405` lists, CORS and the OpenAPI document are made from the list of calls.
 */
import type { Reason } from "../../protocol/reasons.ts";
import type { Right, Scope } from "../auth/scope.ts";
import type { BucketStub } from "../bucket-stub.ts";
import type { Deployment } from "../deployment.ts";
import type { Schema } from "../pages/json-schema.ts";
import type { Answer, Parameter } from "../pages/openapi-types.ts";
/** A request, and what is known of it when its call handles it. */
export interface CallContext {
    readonly deployment: Deployment;
    readonly request: Request;
    /** What the caller may do; nothing if the call needs no right. */
    readonly scopes: readonly Scope[];
}
type Answering = Response | Promise<Response>;
/** A call as the description has it. */
export interface DescribedCall {
    readonly method: "GET" | "POST" | "PUT" | "DELETE";
    /** A segment in braces is a parameter. */
    readonly path: string;
    /** By this, programs that are generated from the description name the call. */
    readonly operationId: string;
    readonly tag: "Acquiring" | "Holding" | "Buckets" | "Service";
    /** A few words. */
    readonly summary: string;
    /** Sentences. */
    readonly description: string;
    /**
     * What the caller must be allowed to do with the bucket that it names; it is checked before anything else of
     * the request is looked at. Absent for calls about the service itself, which anyone may make.
     */
    readonly right?: Right;
    /** Beside the one in the path. */
    readonly parameters?: readonly Parameter[];
    /** The JSON object that it takes. */
    readonly body?: {
        readonly isRequired: boolean;
        readonly schema: Schema;
        readonly example?: unknown;
    };
    /** By status; refusals are listed in `reasons`. */
    readonly answers: Readonly<Record<number, Answer>>;
    /** Why it may refuse, beside the reasons that follow from its right and its body. */
    readonly reasons?: readonly Reason[];
    /** Whether a public deployment answers it under host names that it is not meant to have. */
    readonly isOnAnyHost?: true;
    /** Set for a GET that does something: HEAD would do it, too, and not report it. */
    readonly hasNoHead?: true;
}
/** A call. */
export type Call = DescribedCall & {
    /** Answers that need no right, if this request gets one of those. */
    readonly answerToAnyone?: (request: Request, deployment: Deployment) => Answering | undefined;
    /** Where the caller's token is, if not in the request's own headers. */
    readonly bearerOf?: (request: Request) => Pick<Request, "headers">;
} & ({
    readonly handle: (context: CallContext) => Answering;
}
/** For a path with `{name}`: gets the bucket, on which the caller has the right. */
 | {
    readonly right: Right;
    readonly handleBucket: (bucket: BucketStub, context: CallContext, name: string) => Answering;
});
/** An answer in JSON, by the name of its schema. */
export declare function jsonAnswer(description: string, schema: string, example?: unknown): Answer;
/** A page. */
export declare const htmlAnswer: Answer;
/** The fields of answers that say how full the bucket is. */
export declare const quotaFields: NonNullable<Answer["headers"]>;
/** The parameter that `readListLimit` reads. */
export declare const listLimitParameter: Parameter;
export {};
