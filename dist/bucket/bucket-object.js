/**
 * The Durable Object of one bucket: the platform under a `BucketHost`, and the interface that the Worker
 * calls. The host makes all decisions.
 */
import { DurableObject, tracing } from "cloudflare:workers";
import { shardNamed } from "../directory/shards.js";
import { decodeAcquireCall, isAcquireCall } from "../wire/acquire-call.js";
import { BucketHost } from "./bucket-host.js";
import { DirectoryObject } from "./directory-object.js";
import { DirectoryReports } from "./directory-reports.js";
import { HeldResponse } from "./held-response.js";
import { HeldStream } from "./held-stream.js";
import { ObjectSockets } from "./object-sockets.js";
import { GrantPoints } from "../answers/grant-points.js";
import { QueueSpan } from "./queue-span.js";
import { switchRefusalLog } from "../answers/refusal-log.js";
import { SteadyClock } from "./steady-clock.js";
import { UNWRITABLE } from "../wire/failures.js";
import { timeZones } from "../time-zones.js";
import { GRANT_PREFIX, KEYED_GRANTS_PREFIX, OPEN_GRANT_PREFIX, OVERRIDE_PREFIX, REMOVED_CALLERS_KEY, STATE_KEY, TICKET_SECRET_KEY, } from "./stored-rows.js";
/** One bucket. Only this project's Worker reaches it. */
export class BucketObject extends DurableObject {
    #clock;
    #bucket;
    #sockets;
    /** Set only if the deployment has a dataset for grants. */
    #points;
    /** Made if the object is one of the directory, and not of a bucket. */
    #directory = undefined;
    /** @param machine Set if the object runs on a machine of its own, and not on Cloudflare. */
    constructor(ctx, env, machine) {
        super(ctx, env);
        switchRefusalLog(env.LOG_REFUSALS);
        const points = env.ANALYTICS && new GrantPoints(env.ANALYTICS, "object");
        this.#points = points;
        const clock = clockOf(ctx, machine?.wallNow);
        this.#clock = clock;
        this.#bucket = new BucketHost({
            ...platformOf(ctx, env, clock, points),
            forgetsByAlarm: machine === undefined,
        });
        this.#sockets = new ObjectSockets(ctx, this.#bucket, clock);
        void ctx.blockConcurrencyWhile(async () => {
            const alarmAtMs = await ctx.storage.getAlarm();
            if (alarmAtMs !== null)
                this.#bucket.recover(alarmAtMs + clock.aheadMs);
            else if (this.#bucket.waiters > 0)
                this.#bucket.alarm();
            const live = this.#sockets.sessions?.ids;
            this.#bucket.endSessions((sessionId) => live?.has(sessionId) !== true);
        });
    }
    /**
     * Handles `/acquire`, forwarded by the Worker, watchers and sessions. Settles with the outcome; rejects if the
     * object is reset. A streamed acquire that has to wait is answered immediately, with lines; if the object
     * is reset, they break off.
     */
    fetch(request) {
        // Read once: every access builds the string again.
        const { url } = request;
        if (!isAcquireCall(url))
            return this.#acceptSocket(url);
        this.#points?.invoked();
        const call = decodeAcquireCall(url);
        const held = call.isStreamed === true ? new HeldStream(this.ctx.storage) : new HeldResponse();
        const leave = this.#host.acquire(call, held);
        if (leave)
            this.#keep(request, call, held, leave);
        return held.response;
    }
    /** The alarm has fired. */
    alarm() {
        this.#points?.invoked();
        this.#host.alarm();
    }
    webSocketMessage(socket, data) {
        this.#sockets.received(socket, data);
    }
    webSocketClose(socket) {
        this.#sockets.disconnected(socket);
    }
    webSocketError(socket) {
        this.#sockets.gone(socket);
    }
    /**
     * See `BucketHost.cancel`. Rejects if the object is reset: the acquire may or may not be cancelled then,
     * and it is safe to cancel it again.
     */
    cancel(idempotencyKey) {
        return this.#host.cancel(idempotencyKey);
    }
    /** See `BucketHost.inspect`. Rejects if the object is reset. */
    inspect(name, configured) {
        return this.#host.inspect(name, configured);
    }
    /** See `BucketHost.stats`. Rejects if the object is reset. */
    stats(name, configured) {
        return this.#host.stats(name, configured);
    }
    /** See `OperatorCalls.waiters`. Rejects if the object is reset. */
    waiters(name, configured, limit) {
        return this.#host.operators.waiters(name, configured, limit);
    }
    /**
     * See `OperatorCalls.removeWaiter`. The answer is held back until the removal is on disk. Rejects if the object is
     * reset: the waiter may or may not be out then, and it is safe to ask again.
     */
    removeWaiter(id) {
        return this.#host.operators.removeWaiter(id);
    }
    /** See `BucketHost.history`. Rejects if the object is reset. */
    history() {
        return this.#host.history;
    }
    /** See `Directory.report`. Rejects if this object is a bucket, as do the next four. */
    reportBusy(report) {
        return this.#asDirectory().report(report);
    }
    /** See `Directory.drop`. */
    busyEnded(bucket) {
        this.#asDirectory().drop(bucket);
    }
    /** See `Directory.list`. */
    listBusy(prefix, hasRecent) {
        return this.#asDirectory().list(prefix, hasRecent);
    }
    /** Keeps the override of a bucket, or that it has none. */
    noteOverride(bucket, override) {
        const { overrides } = this.#asDirectory();
        if (override)
            overrides.note(override);
        else
            overrides.drop(bucket);
    }
    /** The overrides that are known, by the names of their buckets. Only shard 0 has any. */
    listOverrides() {
        return this.#asDirectory().overrides.list();
    }
    /**
     * See `BucketHost.lend`. The answer is held back until the lease is on disk. Rejects if the object is
     * reset: what was reported, and any lease that was granted, then counts as spent when it ends. Must not be
     * called again with the same `ask`.
     */
    lend(name, configured, ask) {
        return this.#host.lend(name, configured, ask);
    }
    /**
     * See `OperatorCalls.changePolicy`. The answer is held back until the change is on disk. Rejects if the object
     * is reset; the change may or may not have been kept then.
     */
    changePolicy(name, configured, changes, note) {
        return this.#host.operators.changePolicy(name, configured, changes, note);
    }
    /** See `OperatorCalls.dryRun`. Rejects if the object is reset. */
    dryRun(name, configured, changes) {
        return this.#host.operators.dryRun(name, configured, changes);
    }
    /** See `OperatorCalls.dryRunBack`. Rejects if the object is reset. */
    dryRunBack(name, configured, to) {
        return this.#host.operators.dryRunBack(name, configured, to);
    }
    /** See `OperatorCalls.dropOverride`, and `changePolicy` for the rest. */
    dropOverride(name, configured, to) {
        return this.#host.operators.dropOverride(name, configured, to);
    }
    /**
     * See `BucketHost.pause`. The answer is held back until the pause is on disk. Rejects if the object is
     * reset; the pause may or may not have been kept then, and it is safe to ask again.
     */
    pause(name, configured, pause) {
        const untilMs = pause.untilMs + this.#clock.aheadMs;
        return this.#host.pause(name, configured, { ...pause, untilMs });
    }
    /** See `BucketHost.resume`, and `pause` for the rest. */
    resume(name, configured, limits) {
        return this.#host.resume(name, configured, limits);
    }
    /**
     * See `BucketHost.changeHold`. The answer is held back until it is on disk. Rejects if the object is reset; it is
     * safe to ask again then, and the answer is the same. So with the other calls of holders.
     */
    changeHold(name, configured, id, call) {
        return this.#host.changeHold(name, configured, id, call);
    }
    /** See `BucketHost.dropHold`. */
    dropHold(name, configured, id) {
        return this.#host.dropHold(name, configured, id);
    }
    /** See `BucketHost.extendPermit`. */
    extendPermit(name, configured, id) {
        return this.#host.extendPermit(name, configured, id);
    }
    /** See `BucketHost.releasePermit`. */
    releasePermit(name, configured, id) {
        this.#host.releasePermit(name, configured, id);
    }
    /** Whether any request is held, or any session is open. */
    get isAwaited() {
        return this.#bucket.isAwaited || this.hasSessions;
    }
    /** Whether any session is open. */
    get hasSessions() {
        return (this.#sockets.sessions?.count ?? 0) > 0;
    }
    /** See `BucketHost.close`. For the process that runs the object and is about to end; it can't be undone. */
    close() {
        this.#bucket.close();
    }
    /**
     * See `BucketHost.shutDown`. Sessions are closed, and their waiters are not refused. For the process that runs the object and is about to end; it can't be undone.
     */
    shutDown() {
        this.#sockets.sessions?.shutDown();
        this.#bucket.shutDown();
    }
    /** See `BucketHost.reset`. Rejects if the object is reset; the bucket may or may not be gone then. */
    async reset() {
        try {
            await this.#host.reset();
        }
        catch (error) {
            // Memory has forgotten what the disk may still hold. The file must not stay open either: see
            // bucket-stub.ts.
            this.ctx.abort(UNWRITABLE);
            throw error;
        }
    }
    /** The host, after everything that has arrived on sessions before this call. */
    get #host() {
        this.#sockets.sessions?.processInbox();
        return this.#bucket;
    }
    #asDirectory() {
        const index = shardNamed(this.ctx.id.name);
        if (index === undefined)
            throw new TypeError("This object is a bucket, not a directory");
        const { storage } = this.ctx;
        return (this.#directory ??= new DirectoryObject(index, this.#clock, overridesOf(storage)));
    }
    #acceptSocket(url) {
        this.#sockets.sessions?.processInbox();
        return this.#sockets.accept(url);
    }
    /** While a request waits it has a span, and if its caller disconnects it leaves the queue. */
    #keep(request, call, held, leave) {
        // A request that returns to its place, or shares another's, is not at the end of the queue.
        const { requeued, idempotencyKey, ticket } = call;
        const isLast = requeued === undefined && idempotencyKey === undefined && ticket === undefined;
        const span = new QueueSpan(tracing, call, isLast ? this.#bucket.waiters : 0);
        // Only read for requests that wait: the runtime creates the signal on access, and that costs more than a
        // grant.
        const { signal } = request;
        held.waits(leave, span);
        if (signal.aborted)
            held.disconnected(signal.reason);
        else
            signal.addEventListener("abort", held);
    }
}
function clockOf(ctx, wallNow) {
    return new SteadyClock({
        now: () => Date.now(),
        wallNow,
        setTimer: (callback, delayMs) => {
            const timer = setTimeout(callback, delayMs);
            return () => clearTimeout(timer);
        },
        stopped: () => ctx.abort("The clock was set back"),
    });
}
function platformOf(ctx, { BUCKETS }, clock, points) {
    const { storage } = ctx;
    return {
        ...(points && { granted: points.write.bind(points) }),
        ...(BUCKETS && { directory: new DirectoryReports(BUCKETS) }),
        clock,
        alarms: {
            // The runtime's alarms follow the machine's clock.
            setAlarm: (atMs) => storage.setAlarm(atMs - clock.aheadMs),
            deleteAlarm: () => storage.deleteAlarm(),
        },
        disk: diskOf(storage),
        timeZones,
        newId: () => crypto.randomUUID(),
        randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
        abort: (reason) => ctx.abort(reason),
    };
}
function overridesOf(storage) {
    const { kv } = storage;
    return {
        *list() {
            for (const [, entry] of kv.list({ prefix: OVERRIDE_PREFIX }))
                yield entry;
        },
        put: (entry) => kv.put(OVERRIDE_PREFIX + entry.bucket, entry),
        delete: (bucket) => void kv.delete(OVERRIDE_PREFIX + bucket),
        erase: () => void storage.deleteAll(),
    };
}
function diskOf(storage) {
    const { kv } = storage;
    return {
        read: () => kv.get(STATE_KEY),
        write: (record) => kv.put(STATE_KEY, record),
        keyedGrants: {
            *list() {
                for (const [key, row] of kv.list({ prefix: KEYED_GRANTS_PREFIX })) {
                    yield [Number(key.slice(KEYED_GRANTS_PREFIX.length)), row];
                }
            },
            put: (slot, row) => kv.put(KEYED_GRANTS_PREFIX + String(slot), row),
            earlier: {
                *list() {
                    for (const [key, keyed] of kv.list({ prefix: GRANT_PREFIX })) {
                        yield [key.slice(GRANT_PREFIX.length), keyed];
                    }
                },
                delete: (key) => void kv.delete(GRANT_PREFIX + key),
            },
        },
        ticketSecret: {
            read: () => kv.get(TICKET_SECRET_KEY),
            write: (secret) => kv.put(TICKET_SECRET_KEY, secret),
        },
        removedCallers: {
            read: () => kv.get(REMOVED_CALLERS_KEY),
            write: (callers) => kv.put(REMOVED_CALLERS_KEY, callers),
        },
        grantRows: {
            *list() {
                for (const [key, row] of kv.list({ prefix: OPEN_GRANT_PREFIX })) {
                    yield [Number(key.slice(OPEN_GRANT_PREFIX.length)), row];
                }
            },
            put: (slot, row) => kv.put(OPEN_GRANT_PREFIX + String(slot), row),
        },
        erase: () => storage.deleteAll(),
    };
}
