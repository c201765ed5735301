/**
 * What a policy may have besides its limits and its queue, each off by default: leases, holds, and how many
 * grants may be out at once. Each is a table of fields within the policy, given as a whole or not at all.
 *
 * A new one is a member of `PolicyTables` and a row of `policyTables`; the checks, the human units and the
 * comparison follow. People read of it in its words.
 */
import type { FieldWords, Given } from "./fields.ts";
import type { FieldFault } from "./values.ts";
/** How an isolate of the Worker may take tokens in advance; see lease/lease-holder.ts. */
export interface LeaseTerms {
    /** The most tokens that an isolate holds of a bucket. */
    readonly maxTokens: number;
    /** How long it may grant from them, in milliseconds, counted from when it asked. */
    readonly ttlMs: number;
}
/** How callers may reserve tokens and settle later what they used; see holds/hold-call.ts. */
export interface HoldTerms {
    /** The longest hold, in milliseconds. */
    readonly maxMs: number;
    /**
     * When tokens that were used beyond what was reserved are taken: by `queue` after everybody who waits now,
     * by `front` at once.
     */
    readonly debt: "queue" | "front";
}
/** How many grants may be out at once. Each has a permit until it is released or its time is up. */
export interface ConcurrencyTerms {
    /** The most permits out at any instant. */
    readonly max: number;
    /** How long a permit lasts unless it is extended, in milliseconds. */
    readonly ttlMs: number;
    /** How long a permit outlives the session it was granted on, in milliseconds. */
    readonly graceMs: number;
}
/** The tables of a complete policy. One that is absent is off. */
export interface PolicyTables {
    readonly lease?: LeaseTerms;
    readonly hold?: HoldTerms;
    readonly concurrency?: ConcurrencyTerms;
}
/** The tables as a person writes them. One that is left out or `null` is off. */
export interface PolicyTablesInput {
    /** Default: no leases. */
    readonly lease?: LeaseTerms | null;
    /** Default: no holds. `debt` is `queue` by default. */
    readonly hold?: (Pick<HoldTerms, "maxMs"> & Partial<HoldTerms>) | null;
    /** Default: any number of grants at once. `graceMs` is 0 by default. */
    readonly concurrency?: (Pick<ConcurrencyTerms, "max" | "ttlMs"> & Partial<ConcurrencyTerms>) | null;
}
/** What each number of a policy's `lease` may be. */
export declare const leaseFields: {
    /** More than the capacity has the effect of the capacity. */
    readonly maxTokens: {
        readonly min: 1;
        readonly max: 1000000000;
    };
    /**
     * The minimum is a few round trips to the object. The maximum stays below the 30 seconds for which a Worker
     * can be expected to run on after its response, because it still has to return what is left.
     */
    readonly ttlMs: {
        readonly min: 100;
        readonly max: 20000;
    };
};
/** What people read of each number of a policy's `lease`. */
export declare const leaseWords: FieldWords<keyof LeaseTerms>;
/** What each field of a policy's `hold` may be. */
export declare const holdFields: {
    /** At least several round trips; up to an hour, as the longest wait. */
    readonly maxMs: {
        readonly min: 1000;
        readonly max: 3600000;
    };
    readonly debt: {
        readonly oneOf: readonly ["queue", "front"];
        readonly default: "queue";
    };
};
/** What people read of each field of a policy's `hold`. */
export declare const holdWords: FieldWords<keyof HoldTerms>;
/** What each number of a policy's `concurrency` may be. */
export declare const concurrencyFields: {
    /** The same as the longest queue. */
    readonly max: {
        readonly min: 1;
        readonly max: 10000;
    };
    /** At least several round trips, since a holder has to extend in time; up to an hour, as the longest wait. */
    readonly ttlMs: {
        readonly min: 1000;
        readonly max: 3600000;
    };
    readonly graceMs: {
        readonly min: 0;
        readonly max: 60000;
        readonly default: 0;
    };
};
/** What people read of each number of a policy's `concurrency`. */
export declare const concurrencyWords: FieldWords<keyof ConcurrencyTerms>;
/** The fields of each table, in the order in which messages name the tables. */
export declare const policyTables: {
    readonly lease: {
        /** More than the capacity has the effect of the capacity. */
        readonly maxTokens: {
            readonly min: 1;
            readonly max: 1000000000;
        };
        /**
         * The minimum is a few round trips to the object. The maximum stays below the 30 seconds for which a Worker
         * can be expected to run on after its response, because it still has to return what is left.
         */
        readonly ttlMs: {
            readonly min: 100;
            readonly max: 20000;
        };
    };
    readonly hold: {
        /** At least several round trips; up to an hour, as the longest wait. */
        readonly maxMs: {
            readonly min: 1000;
            readonly max: 3600000;
        };
        readonly debt: {
            readonly oneOf: readonly ["queue", "front"];
            readonly default: "queue";
        };
    };
    readonly concurrency: {
        /** The same as the longest queue. */
        readonly max: {
            readonly min: 1;
            readonly max: 10000;
        };
        /** At least several round trips, since a holder has to extend in time; up to an hour, as the longest wait. */
        readonly ttlMs: {
            readonly min: 1000;
            readonly max: 3600000;
        };
        readonly graceMs: {
            readonly min: 0;
            readonly max: 60000;
            readonly default: 0;
        };
    };
};
/** What is wrong with each table on its own. */
export declare function tableFaults(given: Given): FieldFault[];
/** What doesn't go together: an isolate grants from its lease without asking anybody how many are out. */
export declare function tableCombinationFaults({ lease, concurrency }: Given): FieldFault[];
/** The tables that are given and legal, frozen, with their defaults. */
export declare function completeTables(given: Given): PolicyTables;
/** Whether both have the same tables. */
export declare function areTablesEqual(one: PolicyTables, other: PolicyTables): boolean;
/** The given fields without the tables. */
export declare function withoutTables(given: Given): Record<string, unknown>;
