import { BucketHost } from "./bucket-host.js";
import { timeZones } from "../time-zones.js";
/** There is no disk to write to. */
class NoDiskError extends Error {
    name = "NoDiskError";
}
function refuseToWrite() {
    throw new NoDiskError("Cannot write: the bucket is unused and has no disk");
}
const nowhere = {
    // No request waits here, so there is nothing to wake.
    clock: { now: () => Date.now(), setTimer: () => () => undefined },
    alarms: { setAlarm: refuseToWrite, deleteAlarm: async () => undefined },
    disk: {
        read: () => undefined,
        write: refuseToWrite,
        keyedGrants: {
            list: () => [],
            put: refuseToWrite,
            earlier: { list: () => [], delete: refuseToWrite },
        },
        ticketSecret: { read: () => undefined, write: refuseToWrite },
        removedCallers: { read: () => undefined, write: refuseToWrite },
        grantRows: { list: () => [], put: refuseToWrite },
        erase: async () => undefined,
    },
    timeZones,
    newId: refuseToWrite,
    randomBytes: refuseToWrite,
    abort: () => undefined,
};
/**
 * What an unused bucket answers to `ask`; `undefined` if it can't answer without storing something.
 *
 * @example
 * ofUnusedBucket((bucket) => bucket.inspect("x", policy)); // a BucketSnapshot
 * ofUnusedBucket((bucket) => bucket.pause("x", policy, pause)); // undefined
 */
export function ofUnusedBucket(ask) {
    try {
        return ask(new BucketHost(nowhere));
    }
    catch (error) {
        if (error instanceof NoDiskError)
            return undefined;
        throw error;
    }
}
