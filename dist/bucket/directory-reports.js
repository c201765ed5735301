import { directoryName, legalShards, shardOf } from "../directory/shards.js";
/** The reports of one object. */
export class DirectoryReports {
    #objects;
    /** How many shards the directory is known to have. */
    #shards = 1;
    constructor(objects) {
        this.#objects = objects;
    }
    reportBusy(report) {
        const { bucket } = report;
        this.#call(async () => {
            const shard = this.#objects.getByName(directoryName(shardOf(bucket, this.#shards)));
            const { shards } = await shard.reportBusy({ ...report, shards: this.#shards });
            this.#shards = Math.max(this.#shards, legalShards(shards));
        });
    }
    busyEnded(bucket) {
        this.#call(async () => {
            await this.#objects.getByName(directoryName(shardOf(bucket, this.#shards))).busyEnded(bucket);
        });
    }
    noteOverride(bucket, override) {
        this.#call(async () => {
            await this.#objects.getByName(directoryName(0)).noteOverride(bucket, override);
        });
    }
    /** Fails silently: the directory may be restarting, or of a version that doesn't know the call. */
    #call(call) {
        call().catch(() => undefined);
    }
}
