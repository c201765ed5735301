import { expect, it } from "vitest";

import { isFollowing } from "../../src/bucket/held-request.ts";

it("isFollowing: a request with `moved` follows its place, one without doesn't", () => {
  const answered = (): void => undefined;
  expect(isFollowing({ answered, moved: () => undefined })).toBe(true);
  expect(isFollowing({ answered })).toBe(false);
});
