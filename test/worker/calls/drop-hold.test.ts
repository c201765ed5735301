import { describe, expect, it } from "vitest";

import { askHold, heldGrant, HOLDING, idOf, openBucket } from "../../../kit/edge/open-grants.ts";
import { problemOf, snapshotOf } from "../../../kit/edge/surfaces.ts";
import { uniqueName, useVirtualTime } from "../../../kit/edge/virtual-time.ts";

useVirtualTime();

describe("DELETE /buckets/NAME/holds/ID", () => {
  it("gives everything back, and again answers the same", async () => {
    const name = await openBucket(HOLDING);
    const id = idOf(await heldGrant(name, "&tokens=3&tokens.tpm=40"));
    const dropped: unknown = await (await askHold(name, id)).json();
    expect(dropped).toEqual({
      id,
      used: { rate: 0, tpm: 0 },
      returned: { rate: 3, tpm: 40 },
      owed: { rate: 0, tpm: 0 },
      settledAtMs: Date.now(),
    });
    expect(await (await askHold(name, id)).json()).toEqual(dropped);
    expect(await snapshotOf(name)).toMatchObject({ tokens: 10, heldTokens: { rate: 0, tpm: 0 } });
  });

  it("of a hold that was settled is a 409, and of an unknown one a 404", async () => {
    const name = await openBucket(HOLDING);
    const id = idOf(await heldGrant(name));
    await askHold(name, id, { used: 1 });
    await problemOf(askHold(name, id), 409, "hold-settled");
    await problemOf(askHold(uniqueName(), id), 404, "unknown-hold");
  });
});
