import type { Schema } from "./json-schema.ts";
/** A bucket's name. */
export declare const bucketName: Schema;
/** What a caller of `/acquire` sends, in the query or in the body. */
export declare const acquireFields: {
    readonly bucket: Schema;
    readonly tokens: {
        readonly $ref?: string;
        readonly type?: string | readonly string[];
        readonly description?: string;
        readonly format?: string;
        readonly enum?: readonly (string | number)[];
        readonly const?: string | number | boolean;
        readonly pattern?: string;
        readonly minLength?: number;
        readonly maxLength?: number;
        readonly minimum?: number;
        readonly maximum?: number;
        readonly minItems?: number;
        readonly maxItems?: number;
        readonly items?: Schema;
        readonly properties?: Readonly<Record<string, Schema>>;
        readonly required?: readonly string[];
        readonly patternProperties?: Readonly<Record<string, Schema>>;
        readonly additionalProperties?: boolean;
        readonly anyOf?: readonly Schema[];
        readonly default: 1;
    };
    readonly timeoutMs: Schema;
    readonly holdMs: Schema;
    readonly label: {
        readonly type: "string";
        readonly pattern: string;
        readonly description: "What the caller calls itself, up to 64 printable characters. All who may read the bucket see it in the list of waiters, so put no secret into it";
    };
};
/** `tokens.NAME`: parameters of a query and members of a body, whose names say which limit they are of. */
export declare const namedTokens: Schema;
export declare const permit: Schema;
/** What a grant has. */
export declare const grantMembers: {
    readonly bucket: Schema;
    readonly tokens: Schema;
    readonly remaining: Schema;
    readonly waitedMs: Schema;
    readonly grantedAtMs: Schema;
    readonly limits: Schema;
    readonly hold: Schema;
    readonly permit: Schema;
};
/** What of it a grant may lack. */
export declare const optionalGrantMembers: {
    readonly limits: true;
    readonly hold: true;
    readonly permit: true;
};
/** What a problem document may have. Which of it one has follows from its reason. */
export declare const problemMembers: {
    readonly type: {
        readonly type: "string";
        readonly format: "uri-reference";
        readonly description: "URI of the kind of problem (RFC 9457)";
    };
    readonly title: {
        readonly type: "string";
        readonly description: "The kind of problem, in words";
    };
    readonly status: {
        readonly type: "integer";
        readonly description: "The HTTP status";
    };
    readonly detail: {
        readonly type: "string";
        readonly description: "One sentence with the values and limits involved";
    };
    readonly reason: {
        readonly type: "string";
        readonly description: "The kind of problem, for programs to switch on";
    };
    readonly errors: {
        readonly type: "array";
        readonly minItems: 1;
        readonly items: {
            readonly $ref: "#/components/schemas/Fault";
        };
        readonly description: "All faults of the request";
    };
    readonly retryAfterMs: Schema;
    readonly estimate: {
        readonly const: true;
        readonly description: "Present if `retryAfterMs` is an estimate, because it depends on when permits come back";
    };
    readonly settledAtMs: Schema;
    readonly expiredAtMs: Schema;
    readonly "violated-policies": {
        readonly type: "array";
        readonly items: {
            readonly type: "string";
        };
        readonly description: "What refused the request: the policy for its first limit, `POLICY/NAME` for a further one, as in the `RateLimit` fields; empty if only permits did";
    };
};
/** The schemas that the document lists under `components`. */
export declare const bodies: {
    readonly Grant: Schema;
    readonly Cancelled: Schema;
    readonly HoldCall: Schema;
    readonly UsedTokens: Schema;
    readonly ChangedHold: Schema;
    readonly SettledHold: Schema;
    readonly Permit: Schema;
    readonly Snapshot: Schema;
    readonly WatchMessage: Schema;
    readonly Policy: Schema;
    readonly PolicyFields: Schema;
    readonly PolicyChange: Schema;
    readonly Limit: Schema;
    readonly LimitSnapshot: Schema;
    readonly LimitChange: Schema;
    readonly Pause: Schema;
    readonly Fault: Schema;
    readonly Health: Schema;
};
