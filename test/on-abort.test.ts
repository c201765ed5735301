import { getEventListeners } from "node:events";

import { describe, expect, it } from "vitest";

import { onAbort } from "../src/on-abort.ts";

function listenersOf(signal: AbortSignal): number {
  return getEventListeners(signal, "abort").length;
}

describe("onAbort", () => {
  it("calls each listener once, in order, from one listener on the signal", () => {
    const controller = new AbortController();
    const calls: string[] = [];
    onAbort(controller.signal, () => calls.push("first"));
    onAbort(controller.signal, () => calls.push("second"));
    expect(listenersOf(controller.signal)).toBe(1);
    controller.abort();
    controller.abort();
    expect(calls).toEqual(["first", "second"]);
  });

  it("does not call a listener that has stopped, even from another listener", () => {
    const controller = new AbortController();
    const calls: string[] = [];
    onAbort(controller.signal, () => stopSecond());
    const stopSecond = onAbort(controller.signal, () => calls.push("second"));
    onAbort(controller.signal, () => calls.push("third"));
    controller.abort();
    expect(calls).toEqual(["third"]);
  });

  it("counts the same listener twice when it is added twice", () => {
    const controller = new AbortController();
    let calls = 0;
    const listener = (): number => (calls += 1);
    const stop = onAbort(controller.signal, listener);
    onAbort(controller.signal, listener);
    stop();
    stop();
    controller.abort();
    expect(calls).toBe(1);
  });

  it("leaves nothing on the signal once the last listener has stopped", () => {
    const { signal } = new AbortController();
    const stopFirst = onAbort(signal, () => undefined);
    const stopSecond = onAbort(signal, () => undefined);
    stopFirst();
    expect(listenersOf(signal)).toBe(1);
    stopSecond();
    expect(listenersOf(signal)).toBe(0);
  });

  it("never calls a listener of a signal that has already aborted", () => {
    let calls = 0;
    onAbort(AbortSignal.abort(), () => (calls += 1));
    expect(calls).toBe(0);
  });
});
