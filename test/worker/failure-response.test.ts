import { afterEach, beforeEach, describe, expect, it, vi, type MockInstance } from "vitest";

import { BucketUnreachableError } from "../../src/wire/call-with-retry.ts";
import { errorResponse, failureResponse } from "../../src/worker/failure-response.ts";
import { BodyTooLargeError, JsonBodyError } from "../../src/worker/http/json-body.ts";
import { UnreadableStateError } from "../../src/worker/unreachable-log.ts";
import { problemOf } from "../../kit/edge/surfaces.ts";

let logged: MockInstance<typeof console.error>;
beforeEach(() => {
  logged = vi.spyOn(console, "error").mockReturnValue();
});
afterEach(() => {
  vi.restoreAllMocks();
});

const request = new Request("https://sluice.test/");

describe("failureResponse", () => {
  it("is 503 if the bucket can't be reached, which the log has already", async () => {
    const problem = await problemOf(
      failureResponse(new BucketUnreachableError("x")),
      503,
      "unavailable",
    );
    expect(problem).toMatchObject({
      detail: "The bucket could not be reached",
      retryAfterMs: 1_000,
    });
    expect(logged).not.toHaveBeenCalled();
  });

  it("says what resets a bucket whose state can't be read", async () => {
    const cause = new UnreadableStateError("a/b");
    const response = failureResponse(new BucketUnreachableError("x", { cause }));
    const { detail } = await problemOf(response, 503, "unavailable");
    expect(detail).toBe("The state of the bucket cannot be read: DELETE /buckets/a%2Fb resets it");
  });

  it("is 500 for any other error, which is logged and not shown", async () => {
    const error = new Error("secret");
    const { detail } = await problemOf(failureResponse(error), 500, "internal-error");
    expect(detail).toBe("Sluice failed to handle this request");
    expect(logged).toHaveBeenCalledExactlyOnceWith(error);
  });
});

describe("errorResponse", () => {
  it.each([
    [new JsonBodyError("the body is not JSON"), 400, "invalid-request"],
    [new BodyTooLargeError(5), 413, "body-too-large"],
    [new BucketUnreachableError("x"), 503, "unavailable"],
  ])("of %s is %i %s", async (error, status, reason) => {
    await problemOf(errorResponse(error, request), status, reason);
  });

  it("is 499 for a caller that has left, and logs nothing", () => {
    const { signal } = new Request("https://sluice.test/", { signal: AbortSignal.abort() });
    expect(errorResponse(new Error("gone"), { signal }).status).toBe(499);
    expect(logged).not.toHaveBeenCalled();
  });
});
