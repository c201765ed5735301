/**
 * A bucket that is always waited for, over HTTP and on a session: whether its object may sleep in between. Both are
 * the bucket's real host, and the sessions are the real ones, with the object's life around them: it leaves memory when
 * it has been idle for ten seconds, and wakes with its sockets and its disk.
 *
 * Time is charged while the object runs, and while it could not sleep: as long as a request is held or a timer is set.
 * An idle object that could sleep is not charged, even before it does ("Compute billing" of the pages in prices.ts).
 */
import type { BucketPlatform, BucketRecord } from "../../src/bucket/platform.ts";
import type { NamedPolicyFields } from "../../src/protocol/bucket-snapshot.ts";
import type { SessionMessage } from "../../src/protocol/session-messages.ts";
import type { VirtualClock } from "../../kit/simulation/virtual-clock.ts";
import type { Ask, Design } from "./designs.ts";
import type { Meter } from "./meter.ts";

import { MemorySocket } from "../../kit/edge/memory-session.ts";
import { BucketHost } from "../../src/bucket/bucket-host.ts";
import { Sessions } from "../../src/bucket/sessions/sessions.ts";
import { timeZones } from "../../src/time-zones.ts";

/** After which the runtime lets an idle object go. */
const IDLE_MS = 10_000;
/** How long an object runs that wakes: it reads the disk, and the places of a session. 500 sessions take 40 ms. */
const WAKE_MS = 25;
/** How long it runs for an event, generously. */
const EVENT_MS = 1;
/** Incoming messages are billed 20 to a request. */
const MESSAGES_PER_REQUEST = 20;

const BUCKET = "bucket";

interface Instance {
  readonly host: BucketHost;
  readonly sessions: Sessions;
}

/** The callers' requests are held. */
export const waitedOverHttp: Design = (fields, clock, meter) => {
  const object = new LivingObject(fields, clock, meter);
  return (_, answered) => {
    meter.count("requests");
    meter.count("calls");
    const release = object.hold();
    object.happens(({ host }) => {
      host.acquire(
        { bucket: BUCKET, policy: fields, tokens: 1 },
        {
          answered: (answer) => {
            release();
            answered(answer.kind === "outcome" && answer.outcome.ok);
          },
        },
      );
    });
  };
};

/** The callers share one session. */
export const waitedOnSession: Design = (fields, clock, meter) => {
  return askOnSession(fields, clock, meter, () => ({}));
};

/** And each acquire has a key of its own, as the client's have. */
export const waitedOnKeyedSession: Design = (fields, clock, meter) => {
  return askOnSession(fields, clock, meter, () => ({ key: crypto.randomUUID() }));
};

function askOnSession(
  fields: NamedPolicyFields,
  clock: VirtualClock,
  meter: Meter,
  more: () => object,
): Ask {
  const object = new LivingObject(fields, clock, meter);
  const asking = new Map<number, (isGranted: boolean) => void>();
  const socket = object.open((message) => {
    const { id } = message;
    if ("queued" in message || typeof id !== "number") return;
    const answered = asking.get(id);
    asking.delete(id);
    // The client hears of it after the turn.
    clock.after(0, () => answered?.("granted" in message));
  });
  let ids = 0;
  return (_, answered) => {
    ids += 1;
    asking.set(ids, answered);
    const frame = JSON.stringify({ op: "acquire", id: ids, ...more() });
    meter.count("calls", 1 / MESSAGES_PER_REQUEST);
    object.happens(({ sessions }) => sessions.received(socket, frame));
  };
}

/** A socket whose client reads at once. */
class ReadSocket extends MemorySocket {
  readonly #read: (message: SessionMessage) => void;

  constructor(read: (message: SessionMessage) => void) {
    super();
    this.#read = read;
  }

  override send(text: string): void {
    const frame: SessionMessage | SessionMessage[] = JSON.parse(text);
    for (const message of [frame].flat()) this.#read(message);
  }
}

/** One object, in memory and out of it. */
class LivingObject {
  readonly #fields: NamedPolicyFields;
  readonly #clock: VirtualClock;
  readonly #meter: Meter;
  readonly #sockets: MemorySocket[] = [];
  #record: BucketRecord | undefined = undefined;
  #secret: Uint8Array | undefined = undefined;
  #alarmAtMs: number | undefined = undefined;
  #alarms = 0;
  #instance: Instance | undefined = undefined;
  /** Requests and timers that keep it in memory. */
  #holds = 0;
  #chargedAtMs = 0;
  #events = 0;
  readonly #deferred: (() => void)[] = [];

  constructor(fields: NamedPolicyFields, clock: VirtualClock, meter: Meter) {
    this.#fields = fields;
    this.#clock = clock;
    this.#meter = meter;
    meter.countsBusyTimeAlone();
  }

  /** Opens a session. */
  open(read: (message: SessionMessage) => void): MemorySocket {
    const socket = new ReadSocket(read);
    this.#meter.count("requests");
    this.#meter.count("calls");
    this.happens(({ sessions }) => {
      sessions.open(socket, { bucket: BUCKET, policy: this.#fields });
      this.#sockets.push(socket);
    });
    return socket;
  }

  /** Something keeps the object in memory, until the returned function is called. */
  hold(): () => void {
    this.#charge();
    this.#holds += 1;
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      this.#charge();
      this.#holds -= 1;
    };
  }

  /** The time up to now, if something has kept it in memory. */
  #charge(): void {
    const nowMs = this.#clock.monotonicMs;
    if (this.#holds > 0) this.#meter.busy(nowMs - this.#chargedAtMs);
    this.#chargedAtMs = nowMs;
  }

  /** Something happens to the object, which wakes it if it sleeps. */
  happens(run: (instance: Instance) => void): void {
    this.#events += 1;
    this.#charge();
    if (this.#holds === 0) this.#meter.busy(this.#instance ? EVENT_MS : WAKE_MS);
    run((this.#instance ??= this.#wake()));
    for (let next = this.#deferred.shift(); next; next = this.#deferred.shift()) next();
    this.#sleepIfIdle();
  }

  #sleepIfIdle(): void {
    const event = this.#events;
    this.#clock.after(IDLE_MS, () => {
      if (event !== this.#events) return;
      if (this.#holds > 0) this.#sleepIfIdle();
      else this.#instance = undefined;
    });
  }

  #wake(): Instance {
    const host = new BucketHost(this.#platform());
    const sessions = new Sessions(host, {
      clock: this.#objectClock,
      defer: (callback) => void this.#deferred.push(callback),
      newId: () => crypto.randomUUID(),
      placeRows: {
        list: () => [],
        read: () => undefined,
        write: () => {
          throw new Error("The places of so few callers fit with their socket");
        },
        delete: () => undefined,
      },
    });
    this.#instance = { host, sessions };
    sessions.restore(this.#sockets);
    if (this.#alarmAtMs !== undefined) host.recover(this.#alarmAtMs);
    return this.#instance;
  }

  get #objectClock(): BucketPlatform["clock"] {
    return {
      now: () => this.#nowMs,
      setTimer: (callback, delayMs) => {
        const release = this.hold();
        let isSet = true;
        this.#clock.after(delayMs, () => {
          release();
          if (isSet) this.happens(callback);
        });
        return () => {
          isSet = false;
          release();
        };
      },
    };
  }

  /** As `Date.now()` has it. */
  get #nowMs(): number {
    return Math.floor(this.#clock.wallMs);
  }

  #setAlarm(atMs: number | undefined): void {
    this.#meter.count("rowsWritten");
    this.#alarmAtMs = atMs;
    this.#alarms += 1;
    const own = this.#alarms;
    if (atMs === undefined) return;
    this.#clock.after(Math.max(0, atMs - this.#clock.wallMs), () => {
      if (own !== this.#alarms) return;
      this.#meter.count("alarms");
      this.happens(({ host }) => {
        this.#alarmAtMs = undefined;
        host.alarm();
      });
    });
  }

  #platform(): BucketPlatform {
    const written = (): void => this.#meter.count("rowsWritten");
    return {
      clock: this.#objectClock,
      alarms: {
        setAlarm: async (atMs) => this.#setAlarm(atMs),
        deleteAlarm: async () => this.#setAlarm(undefined),
      },
      disk: {
        read: () => this.#record,
        write: (record) => {
          this.#record = structuredClone(record);
          written();
        },
        keyedGrants: {
          list: () => [],
          put: written,
          earlier: { list: () => [], delete: written },
        },
        ticketSecret: {
          read: () => this.#secret,
          write: (secret) => {
            this.#secret = secret;
            written();
          },
        },
        removedCallers: { read: () => undefined, write: () => undefined },
        grantRows: { list: () => [], put: written },
        erase: async () => {},
      },
      timeZones,
      newId: () => crypto.randomUUID(),
      randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
      abort: (reason) => {
        throw new Error(reason);
      },
    };
  }
}
