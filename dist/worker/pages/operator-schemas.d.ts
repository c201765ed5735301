import type { Schema } from "./json-schema.ts";
/** The schemas of operators' calls that the document lists under `components`. */
export declare const operatorBodies: {
    readonly BusyBuckets: Schema;
    readonly DryRun: Schema;
    readonly History: Schema;
    readonly Policies: Schema;
    readonly Waiters: Schema;
};
