import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { faultReporter } from "../../src/client/fault-report.ts";
import { SluiceError } from "../../src/client/sluice-error.ts";

const unauthorized = new SluiceError({ reason: "unauthorized", detail: "bucket a" });

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(console, "error").mockImplementation(() => undefined);
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

describe("faultReporter", () => {
  it("passes every fault to onError, and none to the console", () => {
    const faults: unknown[] = [];
    const report = faultReporter((error) => void faults.push(error));
    report(unauthorized);
    report(unauthorized);
    expect(faults).toEqual([unauthorized, unauthorized]);
    expect(console.error).not.toHaveBeenCalled();
  });

  it("writes a kind of fault to the console at most once a minute", () => {
    const report = faultReporter();
    const counts = [0, 59_999, 1].map((passedMs) => {
      vi.advanceTimersByTime(passedMs);
      report(new SluiceError({ reason: "unauthorized", detail: String(passedMs) }));
      return vi.mocked(console.error).mock.calls.length;
    });
    expect(counts).toEqual([1, 1, 2]);
    expect(console.error).toHaveBeenCalledWith(
      "Sluice rate limit failed:",
      expect.any(SluiceError),
    );
  });

  it("tells kinds apart by name and reason", () => {
    const report = faultReporter();
    report(unauthorized);
    report(new SluiceError({ reason: "unknown-bucket", detail: "d" }));
    report(new TypeError("one"));
    report(new TypeError("two"));
    report("text");
    report("more text");
    expect(console.error).toHaveBeenCalledTimes(4);
  });

  it.each([
    [
      "throws",
      (): void => {
        throw new Error("of onError");
      },
    ],
    ["rejects", (): Promise<void> => Promise.reject(new Error("of onError"))],
  ])("writes what onError %s to the console", async (_, onError) => {
    faultReporter(onError)(unauthorized);
    await vi.advanceTimersByTimeAsync(0);
    expect(console.error).toHaveBeenCalledExactlyOnceWith(
      "Sluice rate limit failed:",
      new Error("of onError"),
    );
  });
});
