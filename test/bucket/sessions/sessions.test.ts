import { describe, expect, it } from "vitest";

import type { AcquireCall } from "../../../src/wire/acquire-call.ts";
import type { TokenBucketFields } from "../../../src/core/limits/token-bucket-fields.ts";
import type { PolicyOptions } from "../../../src/core/policy.ts";

import { BucketHost } from "../../../src/bucket/bucket-host.ts";
import { Sessions } from "../../../src/bucket/sessions/sessions.ts";
import { Policy } from "../../../src/core/policy.ts";
import { MemoryPlatform } from "../../../kit/edge/memory-platform.ts";
import { MemorySocket } from "../../../kit/edge/memory-session.ts";

const bucket = "x";

/** A bucket and its sessions. Nothing is processed and nothing is sent until `run`. */
class Served {
  readonly platform = new MemoryPlatform();
  readonly policy;
  /** Places that have no room with their sockets, by session. */
  readonly rows = new Map<string, string>();
  host: BucketHost;
  sessions: Sessions;
  #due: (() => void)[] = [];
  /** Timers that are longer than the runtime is busy. */
  #later: { readonly atMs: number; readonly callback: () => void }[] = [];
  #ids = 0;

  constructor(fields: Partial<TokenBucketFields> & PolicyOptions = {}) {
    const three = { capacity: 3, refillTokens: 1, refillIntervalMs: 1_000, initialTokens: 3 };
    this.policy = { name: "*", ...Policy.of({ ...three, ...fields }).toJSON() };
    this.host = new BucketHost(this.platform);
    this.sessions = this.#newSessions();
  }

  #newSessions(): Sessions {
    const { platform, rows } = this;
    const setTimer = (callback: () => void, delayMs: number): (() => void) => {
      if (delayMs <= 1) this.#due.push(callback);
      else this.#later.push({ atMs: platform.nowMs + delayMs, callback });
      return () => undefined;
    };
    return new Sessions(this.host, {
      clock: { now: () => platform.nowMs, setTimer },
      defer: (callback) => void this.#due.push(callback),
      newId: () => `session-${(this.#ids += 1)}`,
      placeRows: {
        list: () => [...rows.keys()],
        read: (sessionId) => rows.get(sessionId),
        write: (sessionId, places) => void rows.set(sessionId, places),
        delete: (sessionId) => void rows.delete(sessionId),
      },
    });
  }

  /** The object leaves memory, and wakes with those sockets that are still open. */
  sleep(...sockets: readonly MemorySocket[]): void {
    this.#due = [];
    this.#later = [];
    this.host = new BucketHost(this.platform);
    this.sessions = this.#newSessions();
    this.sessions.restore(sockets);
  }

  open(): MemorySocket {
    const socket = new MemorySocket();
    this.sessions.open(socket, { bucket, policy: this.policy });
    return socket;
  }

  /** Sends one frame. */
  send(socket: MemorySocket, frame: unknown): void {
    this.sessions.received(socket, JSON.stringify(frame));
  }

  /** Lets everything happen that is due: the inbox, and then what sessions have to send. */
  run(): void {
    for (let next = this.#due.shift(); next; next = this.#due.shift()) next();
  }

  /** Sends one frame, and returns what comes of it. */
  ask(socket: MemorySocket, frame: unknown) {
    this.send(socket, frame);
    this.run();
    return socket.take();
  }

  /** An acquire over HTTP; the kinds of its answers. */
  acquire(call: Partial<AcquireCall> = {}): string[] {
    const answers: string[] = [];
    this.sessions.processInbox();
    this.host.acquire(
      { bucket, policy: this.policy, tokens: 1, ...call },
      {
        answered: (answer) => {
          const isGrant = answer.kind === "outcome" && answer.outcome.ok;
          answers.push(isGrant ? "granted" : answer.kind);
        },
      },
    );
    return answers;
  }

  pass(ms: number): void {
    this.platform.nowMs += ms;
    this.host.alarm();
    for (const { atMs, callback } of this.#later.splice(0)) {
      if (atMs <= this.platform.nowMs) this.#due.push(callback);
      else this.#later.push({ atMs, callback });
    }
    this.run();
  }
}

const acquire = (id: number | string, more: object = {}): object => ({
  op: "acquire",
  id,
  ...more,
});

describe("a session", () => {
  it("answers everything of a turn in one frame, and writes once", () => {
    const served = new Served();
    const socket = served.open();
    const frames = served.ask(socket, [acquire(1), acquire("2", { tokens: 2 }), acquire(3)]);
    const grantedAtMs = served.platform.nowMs;
    expect(frames).toEqual([
      [
        { id: 3, queued: { position: 1, etaMs: 1_000, ticket: expect.any(String) } },
        { id: 1, granted: { tokens: 1, remaining: 2, waitedMs: 0, grantedAtMs } },
        { id: "2", granted: { tokens: 2, remaining: 0, waitedMs: 0, grantedAtMs } },
      ],
    ]);
    expect(served.platform.takeWrites()).toEqual(["ticket secret", "bucket"]);
    served.pass(1_000);
    expect(socket.take()).toMatchObject([[{ id: 3, granted: { waitedMs: 1_000 } }]]);
  });

  it("gathers the frames of all sessions into one turn, in the order in which they came", () => {
    const served = new Served({ initialTokens: 1 });
    const [one, other] = [served.open(), served.open()];
    served.send(one, acquire(1));
    served.send(other, acquire(1));
    served.send(one, acquire(2));
    served.run();
    expect(served.platform.takeWrites()).toEqual(["ticket secret", "bucket"]);
    expect(one.take()).toMatchObject([
      [
        { id: 2, queued: { position: 2 } },
        { id: 1, granted: {} },
      ],
    ]);
    expect(other.take()).toMatchObject([[{ id: 1, queued: { position: 1 } }]]);
  });

  it("isn't overtaken by a request over HTTP that comes after its frame", () => {
    const served = new Served({ initialTokens: 1 });
    const socket = served.open();
    served.send(socket, acquire(1));
    expect(served.acquire()).toEqual([]);
    served.run();
    expect(socket.take()).toMatchObject([[{ id: 1, granted: {} }]]);
  });

  it("has the RateLimit fields in an ending that asks for them", () => {
    const served = new Served();
    const socket = served.open();
    const [[granted] = []] = served.ask(socket, acquire(1, { fields: true }));
    expect(granted).toMatchObject({
      fields: { RateLimit: '"*";r=2;t=1', "RateLimit-Policy": '"*";q=3;w=3' },
    });
    const late = acquire(2, { fields: true, tokens: 3, timeoutMs: 0 });
    expect(served.ask(socket, late)).toMatchObject([
      [
        {
          id: 2,
          refused: { reason: "timeout", status: 429 },
          fields: { RateLimit: '"*";r=2;t=1' },
        },
      ],
    ]);
  });

  it("grants a key once that comes twice in a frame", () => {
    const served = new Served();
    const socket = served.open();
    const frames = served.ask(socket, [acquire(1, { key: "k" }), acquire(2, { key: "k" })]);
    expect(frames).toMatchObject([
      [
        { id: 1, granted: { remaining: 2 } },
        { id: 2, granted: { remaining: 2 } },
      ],
    ]);
    expect(served.host.inspect(bucket, served.policy).tokens).toBe(2);
  });

  it("settles holds, and extends and releases permits", () => {
    const served = new Served({ hold: { maxMs: 60_000 }, concurrency: { max: 1, ttlMs: 5_000 } });
    const socket = served.open();
    const [[message] = []] = served.ask(socket, acquire(1, { tokens: 3, holdMs: 9_000 }));
    const granted = message && "granted" in message ? message.granted : undefined;
    const id = granted?.permit?.id ?? "";
    expect(served.ask(socket, { op: "settle", id: 2, hold: id, used: 1 })).toMatchObject([
      [{ id: 2, settled: { id, returned: { rate: 2 } } }],
    ]);
    expect(served.ask(socket, { op: "settle", id: 3, hold: id, used: 2 })).toMatchObject([
      [{ id: 3, refused: { reason: "hold-settled", status: 409 } }],
    ]);
    expect(served.ask(socket, acquire(4))).toMatchObject([[{ id: 4, queued: { position: 1 } }]]);
    expect(served.ask(socket, { op: "extend", id: 5, permit: id })).toMatchObject([
      [{ id: 5, extended: { id } }],
    ]);
    expect(served.ask(socket, { op: "release", id: 6, permit: id })).toMatchObject([
      [
        { id: 6, released: {} },
        { id: 4, granted: {} },
      ],
    ]);
    expect(served.ask(socket, { op: "extend", id: 7, permit: id })).toMatchObject([
      [{ id: 7, refused: { reason: "permit-lost" } }],
    ]);
  });
});

describe("a cancel", () => {
  it("ends an acquire that waits, and those behind it move up in the same turn", () => {
    const served = new Served({ initialTokens: 1 });
    const socket = served.open();
    served.ask(socket, [acquire(1, { tokens: 3 }), acquire(2)]);
    expect(served.ask(socket, { op: "cancel", id: 1 })).toMatchObject([
      [
        { id: 1, cancelled: {} },
        { id: 2, granted: {} },
      ],
    ]);
  });

  it("of an id that isn't known is answered cancelled", () => {
    const served = new Served();
    expect(served.ask(served.open(), { op: "cancel", id: 9 })).toEqual([
      [{ id: 9, cancelled: {} }],
    ]);
  });

  it("comes too late for what its own frame has granted: the grant is the ending", () => {
    const served = new Served();
    const socket = served.open();
    const frames = served.ask(socket, [acquire(1), { op: "cancel", id: 1 }]);
    expect(frames).toMatchObject([[{ id: 1, granted: {} }]]);
    const keyed = [acquire(2, { key: "k" }), { op: "cancel", id: 2 }];
    expect(served.ask(socket, keyed)).toMatchObject([[{ id: 2, granted: {} }]]);
  });

  it("of an acquire with a key ends all that share its place, and it can't come back", () => {
    const served = new Served({ initialTokens: 0 });
    const [one, other] = [served.open(), served.open()];
    served.ask(one, acquire(1, { key: "k" }));
    served.ask(other, acquire(5, { key: "k" }));
    other.take();
    expect(served.ask(one, { op: "cancel", id: 1 })).toEqual([[{ id: 1, cancelled: {} }]]);
    expect(other.take()).toEqual([[{ id: 5, cancelled: {} }]]);
    expect(served.ask(one, acquire(2, { key: "k" }))).toEqual([[{ id: 2, cancelled: {} }]]);
  });
});

describe("a ticket on a session", () => {
  /** Waits under `id`, and returns the ticket. */
  function queued(served: Served, socket: MemorySocket, id: number, more: object = {}): string {
    const [[message] = []] = served.ask(socket, acquire(id, more));
    expect(message).toMatchObject({ id, queued: { ticket: expect.stringMatching(/^v1\./) } });
    return (message as { queued: { ticket: string } }).queued.ticket;
  }

  it("gets the place back after the session has closed, on another one or over HTTP", () => {
    const served = new Served({ initialTokens: 0 });
    const leaver = served.open();
    const tickets = [queued(served, leaver, 1), queued(served, leaver, 2)] as const;
    served.sessions.closed(leaver);
    const back = served.open();
    const answers = served.acquire({ ticket: tickets[0] });
    const [[message] = []] = served.ask(back, acquire(7, { ticket: tickets[1] }));
    expect(message).toMatchObject({ id: 7, queued: { position: 2, ticket: tickets[1] } });
    served.pass(1_000);
    expect(answers).toEqual(["granted"]);
    served.pass(1_000);
    expect(back.take()).toMatchObject([[{ id: 7, granted: { waitedMs: 2_000 } }]]);
  });

  it("is cancelled on its own where the place was taken without its key", () => {
    const served = new Served({ initialTokens: 0 });
    const [leaver, back, other] = [served.open(), served.open(), served.open()];
    const ticket = queued(served, leaver, 1, { key: "k" });
    served.sessions.closed(leaver);
    served.ask(back, acquire(2, { ticket }));
    served.ask(other, acquire(3, { ticket, key: "k" }));
    other.take();
    expect(served.ask(other, { op: "cancel", id: 3 })).toEqual([[{ id: 3, cancelled: {} }]]);
    served.pass(1_000);
    expect(back.take().flat().at(-1)).toMatchObject({ id: 2, granted: {} });
    expect(other.take()).toEqual([]);
  });

  it("joins a place that still stands: one grant, which it gets again later", () => {
    const served = new Served({ initialTokens: 0 });
    const [one, other] = [served.open(), served.open()];
    const ticket = queued(served, one, 1);
    served.ask(other, acquire(2, { ticket }));
    served.pass(1_000);
    const [[{ granted } = {}] = []] = one.take() as { granted?: object }[][];
    expect(granted).toMatchObject({ waitedMs: 1_000 });
    expect(other.take().at(-1)).toEqual([{ id: 2, granted }]);
    expect(served.ask(other, acquire(3, { ticket }))).toEqual([[{ id: 3, granted }]]);
    expect(served.host.inspect(bucket, served.policy)).toMatchObject({ granted: 1, waiters: 0 });
  });

  it("is granted once if it comes twice in a frame that grants it", () => {
    const served = new Served({ initialTokens: 0 });
    const leaver = served.open();
    const ticket = queued(served, leaver, 1);
    served.sessions.closed(leaver);
    served.platform.nowMs += 2_000;
    const frames = served.ask(served.open(), [acquire(1, { ticket }), acquire(2, { ticket })]);
    expect(frames).toMatchObject([
      [
        { id: 1, granted: { remaining: 1 } },
        { id: 2, granted: { remaining: 1 } },
      ],
    ]);
    expect(served.host.inspect(bucket, served.policy)).toMatchObject({ tokens: 1, granted: 1 });
  });

  it("is no longer good once its acquire was cancelled by its id", () => {
    const served = new Served({ initialTokens: 0 });
    const socket = served.open();
    const ticket = queued(served, socket, 1);
    served.ask(socket, { op: "cancel", id: 1 });
    expect(served.ask(socket, acquire(2, { ticket }))).toEqual([[{ id: 2, cancelled: {} }]]);
  });

  it("is refused by the name that it has in a message", () => {
    const served = new Served({ initialTokens: 0 });
    const socket = served.open();
    const ticket = queued(served, socket, 1);
    const altered = ticket.replace(/.$/, (last) => (last === "A" ? "B" : "A"));
    const errors = [{ field: "ticket", message: expect.stringContaining("of this bucket") }];
    expect(served.ask(socket, acquire(2, { ticket: altered }))).toMatchObject([
      [{ id: 2, refused: { reason: "invalid-request", status: 400, errors } }],
    ]);
    expect(served.ask(socket, acquire(3, { ticket, tokens: 2 }))).toMatchObject([
      [{ id: 3, refused: { reason: "ticket-mismatch", status: 422 } }],
    ]);
  });
});

describe("a session that closes", () => {
  it("gives up its places at once, and those behind it move up", () => {
    const served = new Served({ initialTokens: 0 });
    const [leaver, stayer] = [served.open(), served.open()];
    served.ask(leaver, [acquire(1), acquire(2)]);
    served.ask(stayer, acquire(1));
    served.sessions.closed(leaver);
    served.pass(1_000);
    expect(stayer.take()).toMatchObject([[{ id: 1, granted: {} }]]);
    expect(leaver.take()).toEqual([]);
  });

  it("has frames dropped that weren't processed yet: they take nothing", () => {
    const served = new Served();
    const [leaver, stayer] = [served.open(), served.open()];
    served.send(stayer, acquire(1));
    served.send(leaver, acquire(1));
    served.sessions.closed(leaver);
    served.run();
    expect(served.host.inspect(bucket, served.policy).tokens).toBe(2);
    expect(leaver.take()).toEqual([]);
    expect(stayer.take()).toMatchObject([[{ granted: {} }]]);
  });

  it("lets a caller with a key come back to its place from another one", () => {
    const served = new Served({ initialTokens: 0 });
    const first = served.open();
    served.ask(first, [acquire(1, { key: "k" }), acquire(2)]);
    const second = served.open();
    served.ask(second, acquire(1));
    served.sessions.closed(first);
    served.ask(second, acquire(2, { key: "k" }));
    second.take();
    served.pass(1_000);
    expect(second.take()).toMatchObject([[{ id: 2, granted: { waitedMs: 1_000 } }]]);
  });
});

describe("what a session can't read", () => {
  it("is answered, and the session goes on with the rest", () => {
    const served = new Served();
    const socket = served.open();
    const frames = served.ask(socket, [
      7,
      acquire(1, { tokens: -1 }),
      acquire(2),
      { op: "fly", id: 3 },
    ]);
    expect(frames).toMatchObject([
      [
        { id: null, refused: { reason: "invalid-request" } },
        { id: 1, refused: { reason: "invalid-request", errors: [{ field: "tokens" }] } },
        { id: 3, refused: { reason: "invalid-request", errors: [{ field: "op" }] } },
        { id: 2, granted: {} },
      ],
    ]);
  });

  it("may be a whole frame: text that isn't JSON, or binary", () => {
    const served = new Served();
    const socket = served.open();
    served.sessions.received(socket, "{");
    served.sessions.received(socket, new ArrayBuffer(4));
    served.run();
    expect(socket.take()).toMatchObject([
      [
        { id: null, refused: { errors: [{ field: "frame" }] } },
        { id: null, refused: { detail: "A frame must be text: got 4 bytes of binary data" } },
      ],
    ]);
    expect(served.ask(socket, acquire(1))).toMatchObject([[{ granted: {} }]]);
  });

  it("closes the session if it is too much, and nothing of it is done", () => {
    const served = new Served();
    const [many, large] = [served.open(), served.open()];
    served.send(
      many,
      Array.from({ length: 1_001 }, (_, id) => acquire(id)),
    );
    served.send(large, acquire(1, { key: "k".repeat(65_536) }));
    served.run();
    expect(many.closed).toEqual({
      code: 1009,
      reason: "A frame must have at most 1000 messages: got 1001",
    });
    expect(large.closed?.code).toBe(1009);
    expect(served.sessions.count).toBe(0);
    expect(served.host.inspect(bucket, served.policy).tokens).toBe(3);
  });

  it("refuses an id that is in use, which ends nothing of the first", () => {
    const served = new Served({ initialTokens: 0 });
    const socket = served.open();
    served.ask(socket, acquire(1));
    expect(served.ask(socket, acquire(1))).toMatchObject([
      [{ id: 1, refused: { reason: "id-in-use", status: 409 } }],
    ]);
    served.pass(1_000);
    expect(socket.take()).toMatchObject([[{ id: 1, granted: {} }]]);
    expect(served.ask(socket, acquire(1))).toMatchObject([[{ id: 1, queued: {} }]]);
  });
});

it("Sessions gather messages of one turn up to four thousand, and then wait for no more", () => {
  const many = { capacity: 100, refillTokens: 100, initialTokens: 0, queueLimit: 10_000 };
  const served = new Served(many);
  const socket = served.open();
  for (const frame of [0, 1, 2, 3]) {
    expect(served.host.waiters).toBe(0);
    served.send(
      socket,
      Array.from({ length: 1_000 }, (_, index) => acquire(frame * 1_000 + index)),
    );
  }
  expect(served.host.waiters).toBe(4_000);
  served.send(socket, acquire("last"));
  expect(served.host.waiters).toBe(4_000);
  served.run();
  expect(served.host.waiters).toBe(4_001);
});

describe("a reader that is too slow", () => {
  it("is closed, and its places are given up", () => {
    const served = new Served({ initialTokens: 1 });
    const socket = served.open();
    served.ask(socket, [acquire(1), acquire(2), acquire(3)]);
    socket.unsentBytes = 4_194_305;
    served.pass(1_000);
    expect(socket.closed?.code).toBe(4408);
    expect(served.host.waiters).toBe(0);
    expect(served.sessions.count).toBe(0);
  });
});

it("Sessions answer nobody whose turn can't be written", () => {
  const served = new Served();
  const socket = served.open();
  served.platform.isBroken = true;
  served.send(socket, acquire(1));
  expect(() => served.run()).toThrow("The disk is full");
  served.run();
  expect(socket.take()).toEqual([]);
});

describe("sessions of an object that slept", () => {
  const slow = { capacity: 1, initialTokens: 1, maxWaitMs: 60_000 };

  it("have their places again, in order, and are granted at the same ticks", () => {
    const served = new Served(slow);
    const [ann, bob] = [served.open(), served.open()];
    served.ask(ann, [acquire(1), acquire(2)]);
    served.ask(bob, acquire("b", { key: "mine", follow: true }));
    served.ask(ann, acquire(3));
    served.pass(100);
    served.sleep(bob, ann);
    expect([ann.take(), bob.take()]).toEqual([[], []]);
    served.pass(900);
    expect(ann.take()).toMatchObject([[{ id: 2, granted: { waitedMs: 1_000 } }]]);
    served.pass(1_000);
    expect(bob.take().at(-1)?.at(-1)).toMatchObject({ id: "b", granted: { waitedMs: 2_000 } });
    served.pass(1_000);
    expect(ann.take()).toMatchObject([[{ id: 3, granted: { waitedMs: 3_000 } }]]);
    expect(served.host.waiters).toBe(0);
  });

  it("move up when one in front has ended that woke the object by it", () => {
    const served = new Served({ ...slow, capacity: 3, refillTokens: 3, refillIntervalMs: 10_000 });
    const [ann, bob] = [served.open(), served.open()];
    served.ask(ann, acquire(1, { tokens: 3 }));
    served.ask(bob, acquire("b", { tokens: 1 }));
    served.pass(100);
    // The runtime doesn't list Ann's socket any more.
    served.sleep(bob);
    served.host.recover(served.platform.nowMs + 9_900);
    served.run();
    expect(bob.take()).toMatchObject([[{ id: "b", granted: { waitedMs: 100 } }]]);
  });

  it("are granted nothing twice: what has changed isn't saved any more", () => {
    const served = new Served(slow);
    const ann = served.open();
    served.ask(ann, [acquire(1), acquire(2), acquire(3)]);
    served.pass(100);
    served.pass(900);
    expect(ann.take()).toMatchObject([[{ id: 2, granted: {} }]]);
    // Before the next save: the timer of it keeps the object awake, but should it sleep, nobody is granted again.
    served.sleep(ann);
    served.pass(10_000);
    expect(ann.take()).toEqual([]);
  });

  it("give up the places of a session that left meanwhile, and of one that can't be read", () => {
    const served = new Served(slow);
    const [ann, bob, cid, dan] = [served.open(), served.open(), served.open(), served.open()];
    served.ask(ann, acquire(1));
    for (const socket of [ann, bob, cid]) served.ask(socket, acquire(2));
    served.pass(100);
    if (cid.saved) cid.saved = { ...cid.saved, places: "[2]" };
    dan.saved = undefined;
    served.sleep(bob, cid, dan);
    expect([bob.closed, cid.closed?.code, dan.closed?.code]).toEqual([undefined, 1012, 1012]);
    expect(served.host.waiters).toBe(1);
    for (const socket of [bob, cid]) socket.take();
    served.pass(900);
    expect([bob.take(), cid.take()]).toMatchObject([[[{ id: 2, granted: {} }]], []]);
  });

  it("find a place by its key and its ticket, and share it as before", () => {
    const served = new Served(slow);
    const [ann, bob] = [served.open(), served.open()];
    served.ask(ann, acquire(1));
    const [[queued] = []] = served.ask(ann, acquire(2, { key: "mine" }));
    served.ask(bob, acquire(3, { key: "mine" }));
    served.pass(100);
    served.sleep(ann, bob);
    expect(served.host.waiters).toBe(1);
    const ticket = queued && "queued" in queued ? queued.queued.ticket : undefined;
    expect(ticket).toBeDefined();
    expect(served.ask(bob, acquire(4, { key: "mine", ticket }))).toEqual([
      [{ id: 4, queued: { position: 1, etaMs: 900, ticket } }],
    ]);
    expect(served.host.waiters).toBe(1);
    served.pass(900);
    const [[one] = []] = ann.take();
    expect(bob.take().flat()).toMatchObject([{ id: 3 }, { id: 4 }]);
    expect(one).toMatchObject({ id: 2, granted: { tokens: 1 } });
    expect(served.ask(ann, acquire(5, { ticket }))).toMatchObject([[{ id: 5, granted: {} }]]);
    expect(served.ask(ann, acquire(6, { ticket, tokens: 2 }))).toMatchObject([
      [{ id: 6, refused: { reason: "ticket-mismatch" } }],
    ]);
    expect(served.host.inspect(bucket, served.policy).granted).toBe(2);
  });

  it("keep the key of a place that others wait in by its ticket alone", () => {
    const served = new Served(slow);
    const [ann, bob] = [served.open(), served.open()];
    served.ask(ann, acquire(1));
    const [[queued] = []] = served.ask(bob, acquire(2, { key: "mine" }));
    const ticket = queued && "queued" in queued ? queued.queued.ticket : undefined;
    served.ask(ann, acquire(3, { ticket }));
    served.pass(100);
    // Ann's socket comes first, and her acquire has no key.
    served.sleep(ann, bob);
    served.pass(900);
    const [[granted] = []] = bob.take();
    expect(granted).toMatchObject({ id: 2, granted: { waitedMs: 1_000 } });
    expect(served.ask(bob, acquire(4, { key: "mine" }))).toEqual([[{ ...granted, id: 4 }]]);
    expect(served.host.waiters).toBe(0);
  });

  it("cancel and leave as before", () => {
    const served = new Served(slow);
    const ann = served.open();
    served.ask(ann, [acquire(1), acquire(2), acquire(3)]);
    served.pass(100);
    served.sleep(ann);
    ann.take();
    expect(served.ask(ann, { op: "cancel", id: 2 })).toMatchObject([[{ id: 2, cancelled: {} }]]);
    served.sessions.closed(ann);
    expect(served.host.waiters).toBe(0);
  });

  it("keep their permits, and a session that is gone loses its own after the grace period", () => {
    const concurrency = { max: 2, ttlMs: 1_000, graceMs: 500 };
    const served = new Served({ capacity: 10, initialTokens: 10, concurrency });
    const [ann, bob] = [served.open(), served.open()];
    for (const socket of [ann, bob]) served.ask(socket, acquire(1));
    served.pass(30_000);
    expect(served.ask(ann, acquire(2))).toMatchObject([[{ id: 2, queued: {} }]]);
    served.pass(100);
    served.sleep(ann);
    served.host.endSessions((sessionId) => !served.sessions.ids.has(sessionId));
    served.pass(499);
    expect(ann.take()).toEqual([]);
    served.pass(1);
    expect(ann.take()).toMatchObject([
      [{ id: 2, granted: { permit: { fence: expect.anything() } } }],
    ]);
    served.sessions.closed(ann);
    served.pass(500);
    expect(served.host.inspect(bucket, served.policy).permits).toMatchObject({ held: 0 });
  });
});

describe("Sessions.shutDown", () => {
  it("closes sessions with 1012 and refuses nobody in them; an alarm says that they come back", () => {
    const served = new Served({ capacity: 1, initialTokens: 1 });
    const ann = served.open();
    served.ask(ann, [acquire(1), acquire(2)]);
    served.sessions.shutDown();
    served.host.shutDown();
    served.run();
    expect([ann.take(), ann.closed?.code]).toEqual([[], 1012]);
    expect(served.platform.alarmAtMs).toBeGreaterThan(served.platform.nowMs);
  });
});
