import { beforeEach, describe, expect, it } from "vitest";

import type { SavedPlace } from "../../../src/bucket/sessions/saved-places.ts";
import type { SavedSession } from "../../../src/bucket/sessions/session-socket.ts";

import { VirtualClock } from "../../../kit/simulation/virtual-clock.ts";
import { PlaceSaver } from "../../../src/bucket/sessions/place-saver.ts";
import { Policy } from "../../../src/core/policy.ts";
import { timeZones } from "../../../src/time-zones.ts";

const NOW_MS = 1_795_425_904_000;
const policy = {
  name: "*",
  ...Policy.of({ capacity: 1, refillTokens: 1, refillIntervalMs: 1_000 }).toJSON(),
};

let time: VirtualClock;
/** What is on the disk, and what was done to it. */
let rows: Map<string, string>;
let calls: string[];
let isDiskBroken: boolean;
let saver: PlaceSaver;

beforeEach(() => {
  time = new VirtualClock(NOW_MS);
  rows = new Map();
  isDiskBroken = false;
  wake();
});

/** A new instance, with the same disk. */
function wake(): void {
  calls = [];
  const clock = {
    now: () => time.wallMs,
    setTimer: (callback: () => void, delayMs: number) => {
      time.after(delayMs, callback);
      return () => undefined;
    },
  };
  saver = new PlaceSaver(clock, {
    list: () => [...rows.keys()],
    read: (sessionId) => rows.get(sessionId),
    write: (sessionId, text) => {
      calls.push(`write ${sessionId}`);
      if (isDiskBroken) throw new Error("The disk is full");
      rows.set(sessionId, text);
    },
    delete: (sessionId) => {
      calls.push(`delete ${sessionId}`);
      rows.delete(sessionId);
    },
  });
}

/** Lets time pass. */
function pass(ms: number): void {
  const untilMs = time.monotonicMs + ms;
  time.after(ms, () => undefined);
  while (time.monotonicMs < untilMs) time.step();
}

class FakeSession {
  readonly sessionId: string;
  readonly socket: { saved: SavedSession | undefined };
  waiting: SavedPlace[] = [];
  /** Each value that was kept with the socket, as what it lists. */
  readonly kept: (string | undefined)[] = [];

  constructor(sessionId: string) {
    this.sessionId = sessionId;
    const { kept } = this;
    const call = { bucket: "mail", policy };
    let current: SavedSession | undefined = { kind: "session", sessionId, call };
    this.socket = {
      get saved() {
        return current;
      },
      set saved(value) {
        current = structuredClone(value);
        kept.push(value?.places);
      },
    };
  }

  places(): readonly SavedPlace[] {
    return this.waiting;
  }

  join(...ids: number[]): void {
    this.waiting.push(...ids.map(placeOf));
    saver.changed(this);
  }

  leave(id: number): void {
    this.waiting = this.waiting.filter((place) => place.id !== id);
    saver.changed(this);
  }

  /** The ids that would be found if the object woke now. */
  get found(): unknown {
    const { saved } = this.socket;
    return saved && saver.restored(saved)?.map(({ id }) => id);
  }
}

function placeOf(id: number): SavedPlace {
  return {
    id,
    ask: { tokens: 1, idempotencyKey: `the key of the acquire with the number ${id}` },
    isFollowing: false,
    hasFields: false,
    timeoutMs: 60_000,
    arrival: { queuedAtMs: NOW_MS + id, deadlineAtMs: NOW_MS + id + 60_000, arrivalNumber: id },
  };
}

const many = Array.from({ length: 400 }, (_, index) => index + 1);

describe("PlaceSaver", () => {
  it("saves places once nothing has changed for 100 ms, and writes nothing to the disk", () => {
    const ann = new FakeSession("ann");
    ann.join(1);
    pass(60);
    ann.join(2);
    pass(60);
    expect(ann.kept).toEqual([]);
    pass(40);
    expect(ann.kept).toHaveLength(1);
    expect([ann.found, calls]).toEqual([[1, 2], []]);
  });

  it("lists places only while they are the truth: the first change clears them at once", () => {
    const ann = new FakeSession("ann");
    ann.join(1, 2, 3);
    pass(100);
    ann.leave(1);
    expect(ann.socket.saved?.places).toBeUndefined();
    expect(ann.found).toEqual([]);
    ann.leave(2);
    expect(ann.kept).toHaveLength(2);
    pass(100);
    expect(ann.found).toEqual([3]);
  });

  it("clears what an earlier instance has saved at the first change after waking up", () => {
    const ann = new FakeSession("ann");
    ann.join(1, 2);
    pass(100);
    wake();
    expect(ann.found).toEqual([1, 2]);
    ann.leave(1);
    expect(ann.found).toEqual([]);
  });

  it("leaves the attachment of a session alone that has no places", () => {
    const ann = new FakeSession("ann");
    ann.join(1);
    ann.leave(1);
    pass(200);
    expect(ann.kept).toEqual([]);
    expect(ann.found).toEqual([]);
  });

  it("leaves other sessions alone", () => {
    const [ann, bob] = [new FakeSession("ann"), new FakeSession("bob")];
    ann.join(1);
    bob.join(2);
    pass(100);
    ann.leave(1);
    pass(100);
    expect([ann.found, bob.found, bob.kept.length]).toEqual([[], [2], 1]);
  });

  it("saves as soon as before if the clock is set back", () => {
    const ann = new FakeSession("ann");
    ann.join(1);
    time.jump(-3_600_000);
    pass(200);
    expect(ann.found).toEqual([1]);
  });

  it("puts places into a row that have no room with their socket", () => {
    const ann = new FakeSession("ann");
    ann.join(...many);
    pass(100);
    expect(calls).toEqual(["write ann"]);
    expect(ann.socket.saved?.places).toBe("row");
    wake();
    expect(ann.found).toEqual(many);
    ann.leave(1);
    // The row is still there, and nothing says so any more.
    expect(ann.found).toEqual([]);
    pass(100);
    expect([calls, ann.found]).toEqual([["write ann"], many.slice(1)]);
  });

  it("deletes a row that isn't needed any more with the next save", () => {
    const [ann, bob] = [new FakeSession("ann"), new FakeSession("bob")];
    for (const session of [ann, bob]) session.join(...many);
    pass(100);
    calls = [];
    ann.waiting = ann.waiting.slice(0, 3);
    saver.changed(ann);
    saver.closed(bob);
    expect(calls).toEqual([]);
    pass(100);
    expect([calls, [...rows]]).toEqual([["delete ann", "delete bob"], []]);
    expect(ann.found).toEqual([1, 2, 3]);
  });

  it("deletes rows of sessions that ended with an earlier instance, and no others", () => {
    const [ann, bob] = [new FakeSession("ann"), new FakeSession("bob")];
    for (const session of [ann, bob]) session.join(...many);
    pass(100);
    wake();
    expect(ann.found).toEqual(many);
    const cid = new FakeSession("cid");
    cid.join(7);
    pass(100);
    expect([calls, [...rows.keys()]]).toEqual([["delete bob"], ["ann"]]);
  });

  it("keeps its timer, and with it the object, until the disk takes a row", () => {
    const ann = new FakeSession("ann");
    ann.join(...many);
    isDiskBroken = true;
    pass(12_000);
    expect(calls).toEqual(["write ann", "write ann", "write ann"]);
    expect(ann.found).toEqual([]);
    isDiskBroken = false;
    pass(5_000);
    expect(ann.found).toEqual(many);
  });

  it("has nothing to save for a session that is closed", () => {
    const ann = new FakeSession("ann");
    ann.join(1);
    saver.closed(ann);
    pass(200);
    expect(ann.kept).toEqual([]);
  });
});

describe("PlaceSaver.restored", () => {
  it.each([
    ["a later version's text", "[2,[7]]"],
    ["a row that isn't there", "row"],
  ])("finds nothing to read in %s", (_, places) => {
    const call = { bucket: "mail", policy };
    const saved: SavedSession = { kind: "session", sessionId: "ann", call, places };
    expect(saver.restored(saved)).toBeUndefined();
  });
});

it("what PlaceSaver keeps with a socket is as much as the runtime takes", () => {
  const { 1: socket } = new WebSocketPair();
  const wide = {
    every: "month" as const,
    capacity: 1_000_000_000,
    timeZone: "America/Argentina/Buenos_Aires",
  };
  const names = Array.from({ length: 7 }, (_, index) => `limit-${index}-`.padEnd(32, "x"));
  const fields = {
    capacity: 1_000_000_000,
    refillTokens: 999_999_999,
    refillIntervalMs: 86_400_000,
    limits: Object.fromEntries(names.map((name) => [name, wide])),
    hold: { maxMs: 3_600_000 },
    concurrency: { max: 10_000, ttlMs: 3_600_000 },
  };
  const largest = Policy.of(fields, timeZones);
  const bucket = "b".repeat(128);
  const call = { bucket, policy: { name: bucket, ...largest.toJSON() } };
  const sizes: number[] = [];
  for (let count = 100; count < 400; count += 1) {
    const session = new FakeSession("s".repeat(36));
    session.socket.saved = { kind: "session", sessionId: session.sessionId, call };
    session.join(...many.slice(0, count));
    pass(100);
    if (session.socket.saved?.places === "row") break;
    socket.serializeAttachment(session.socket.saved);
    sizes.push(JSON.stringify(session.socket.saved).length);
  }
  expect(sizes.at(-1)).toBeGreaterThan(16_000);
  expect(() => socket.serializeAttachment("x".repeat(16_380))).toThrow("16384 bytes");
});
