import { afterEach, describe, expect, it, vi } from "vitest";

import { storedToken, storeToken } from "../../src/dashboard/access-token.ts";

function storage(): Pick<Storage, "getItem" | "setItem" | "removeItem"> {
  const items = new Map<string, string>();
  return {
    getItem: (key) => items.get(key) ?? null,
    setItem: (key, value) => void items.set(key, value),
    removeItem: (key) => void items.delete(key),
  };
}

afterEach(() => {
  vi.unstubAllGlobals();
});

describe("the token of a tab", () => {
  it("is there until another is stored, or none", () => {
    vi.stubGlobal("sessionStorage", storage());
    const seen = [undefined, "one", "two", undefined].map((token) => {
      storeToken(token);
      return storedToken();
    });
    expect(seen).toEqual([undefined, "one", "two", undefined]);
  });

  it("is none, and no error, if the browser blocks storage", () => {
    const denied = (): never => {
      throw new DOMException("denied", "SecurityError");
    };
    vi.stubGlobal("sessionStorage", { getItem: denied, setItem: denied, removeItem: denied });
    storeToken("one");
    storeToken(undefined);
    expect(storedToken()).toBeUndefined();
  });
});
