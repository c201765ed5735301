import type { Schema } from "./json-schema.ts";
/** The schemas of sessions that the document lists under `components`. */
export declare const sessionBodies: {
    readonly SessionCall: {
        readonly anyOf: Schema[];
    };
    readonly SessionMessage: {
        readonly anyOf: Schema[];
    };
    readonly SessionFrame: {
        readonly anyOf: readonly [{
            readonly $ref: "#/components/schemas/SessionMessage";
        }, {
            readonly type: "array";
            readonly items: {
                readonly $ref: "#/components/schemas/SessionMessage";
            };
        }];
    };
};
