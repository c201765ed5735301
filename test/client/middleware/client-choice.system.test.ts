import { expect, it } from "vitest";

import { MAIN_WORKER, startWorkerd } from "../../../kit/processes/server.ts";

it("in workerd, one client serves all requests: of a binding, and of what the Worker exports", async () => {
  await using server = await startWorkerd({
    main: "kit/workers/chosen-client.ts",
    policies: { "*": { capacity: 9, refillTokens: 1, refillIntervalMs: 1_000 } },
    services: { SLUICE: { worker: MAIN_WORKER, entrypoint: "Sluice" } },
  });
  const answers: unknown[] = [];
  for (const path of ["bound", "bound", "exported", "exported"]) {
    const response = await fetch(`${server.url}/${path}`);
    answers.push(await response.json());
  }
  expect(answers).toEqual(answers.map(() => ({ ok: true, clients: 1 })));
});
