import { expect, it } from "vitest";

import { Session } from "../../../src/bucket/sessions/session.ts";
import { MemorySocket } from "../../../kit/edge/memory-session.ts";
import { Policy } from "../../../src/core/policy.ts";

const fields = { capacity: 1, refillTokens: 1, refillIntervalMs: 1_000 };
const call = { bucket: "x", policy: { name: "*", ...Policy.of(fields).toJSON() } };
const saved = { sessionId: "s1", call };
const events = { hasMessages: () => undefined, placesChanged: () => undefined };

it("Session: the first message to send is reported, and all leave in one frame", () => {
  const socket = new MemorySocket();
  let firsts = 0;
  const session = new Session(socket, saved, { ...events, hasMessages: () => (firsts += 1) });
  session.send({ id: 1, cancelled: {} });
  session.send({ id: 2, released: {} });
  expect([firsts, socket.frames]).toEqual([1, []]);
  expect(session.flush()).toBe(true);
  expect(socket.frames).toEqual(['[{"id":1,"cancelled":{}},{"id":2,"released":{}}]']);
  session.send({ id: 3, released: {} });
  session.flush();
  expect([firsts, socket.frames[1]]).toEqual([2, '{"id":3,"released":{}}']);
});

it("Session: a reader that is behind gets the first place of an acquire and no others", () => {
  const socket = new MemorySocket();
  const session = new Session(socket, saved, events);
  const request = session.begin({
    op: "acquire",
    id: 1,
    ask: { tokens: 1 },
    isFollowing: true,
    hasFields: false,
  });
  socket.unsentBytes = 262_145;
  for (const position of [3, 2, 1]) {
    request.moved({ position, etaMs: position, grantAtMs: 9 });
  }
  socket.unsentBytes = 0;
  request.moved({ position: 1, etaMs: 1, grantAtMs: 9 });
  session.flush();
  expect(socket.take()).toMatchObject([[{ queued: { position: 3 } }, { queued: { position: 1 } }]]);
});

it("Session: one that is over four mebibytes behind is closed, and gets nothing more", () => {
  const socket = new MemorySocket();
  const session = new Session(socket, saved, events);
  session.send({ id: 1, cancelled: {} });
  socket.unsentBytes = 4_194_305;
  expect(session.flush()).toBe(false);
  expect([socket.frames, socket.closed?.code]).toEqual([[], 4408]);
});
