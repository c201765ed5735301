import { createFakeSluice, type FakeSluice } from "sluice/testing";

const policies = { mail: { capacity: 1, refillTokens: 1, refillInterval: "1s" } } as const;
const fake: FakeSluice = createFakeSluice({ policies, startAtMs: 0 });
await fake.client.acquire("mail");
const second = fake.client.acquire("mail");
await fake.advance(1_000);
const outcome = await second;
console.log(outcome.ok && outcome.grantedAtMs, fake.now());

export function refuse(): void {
  // @ts-expect-error No such reason.
  fake.refuseNext("mail", "tired");
}
