import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import type { CallResult } from "../../src/dashboard/operator-calls.ts";

import { storedToken, storeToken } from "../../src/dashboard/access-token.ts";
import { callWithAdminKey } from "../../src/dashboard/admin-key.ts";

const DONE: CallResult<string> = { ok: true, value: "done" };

function refused(reason: string, detail: string): CallResult<string> {
  return { ok: false, reason, detail, errors: [] };
}

/** A server that takes one key, and a visitor who gives these, one after the other. */
function scene(accepted: string, given: readonly string[], scoped = "") {
  const sent: (string | undefined)[] = [];
  const asked: (string | undefined)[] = [];
  const result = callWithAdminKey<string>(
    async (key) => {
      sent.push(key);
      if (key === accepted) return DONE;
      if (key === scoped)
        return refused("unauthorized", 'This API key lacks the right "admin" on "a"');
      return refused("unauthorized", "Unknown admin key");
    },
    async (fault) => given[asked.push(fault) - 1],
  );
  return { result, sent, asked };
}

beforeEach(() => {
  const items = new Map<string, string>();
  vi.stubGlobal("sessionStorage", {
    getItem: (key: string) => items.get(key) ?? null,
    setItem: (key: string, value: string) => void items.set(key, value),
    removeItem: (key: string) => void items.delete(key),
  });
});
afterEach(() => {
  vi.unstubAllGlobals();
});

describe("callWithAdminKey", () => {
  it("asks only when a call is refused for want of a key, and goes on with the answer", async () => {
    const { result, sent, asked } = scene("right", ["right"]);
    expect(await result).toEqual(DONE);
    expect(sent).toEqual([undefined, "right"]);
    expect(asked).toEqual([undefined]);
    const next = scene("right", []);
    expect(await next.result).toEqual(DONE);
    expect(next.sent).toEqual(["right"]);
    expect(next.asked).toEqual([]);
  });

  it("says of each key that is refused what is wrong with it, and keeps the one that is not", async () => {
    const { result, asked } = scene("right", ["wrong", "scoped", "right"], "scoped");
    expect(await result).toEqual(DONE);
    expect(asked).toEqual([
      undefined,
      "This key is wrong: it is not one of ADMIN_TOKEN",
      'This API key lacks the right "admin" on "a"',
    ]);
    expect(storedToken("admin")).toBe("right");
    expect(storedToken()).toBeUndefined();
  });

  it("brings nothing, and keeps nothing, if the visitor gives none", async () => {
    const { result, sent } = scene("right", ["wrong"]);
    expect(await result).toBeUndefined();
    expect(sent).toEqual([undefined, "wrong"]);
    expect(storedToken("admin")).toBeUndefined();
  });

  it("asks again if the stored key is no longer accepted", async () => {
    storeToken("old", "admin");
    const { result, asked } = scene("new", ["new"]);
    expect(await result).toEqual(DONE);
    expect(asked).toEqual(["This key is wrong: it is not one of ADMIN_TOKEN"]);
    expect(storedToken("admin")).toBe("new");
  });

  it("keeps a key with which a call is refused for another reason", async () => {
    storeToken(undefined, "admin");
    const taken = refused("invalid-request", "capacity must be an integer");
    const missing = refused("unauthorized", "Missing admin key: send Authorization: Bearer KEY");
    const send = async (key: string | undefined) => (key === undefined ? missing : taken);
    expect(await callWithAdminKey(send, async () => "right")).toEqual(taken);
    expect(storedToken("admin")).toBe("right");
  });

  it("asks for no key where no key would help", async () => {
    const disabled = refused("admin-disabled", "No ADMIN_TOKEN is set");
    const never = (): never => {
      throw new Error("asked");
    };
    expect(await callWithAdminKey(async () => disabled, never)).toEqual(disabled);
  });
});
