/** Each call's sample, read as a shell and curl would, reaches that call. */
import { beforeAll, describe, expect, it } from "vitest";

import { curlSample } from "../../../src/worker/pages/curl-sample.ts";
import { openApiDocument } from "../../../src/worker/pages/openapi.ts";
import { changePolicy, request } from "../../../kit/edge/surfaces.ts";

const operations = Object.entries(openApiDocument.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
);

/** The request that a sample makes. */
function requestOf(sample: string): { readonly path: string; readonly init: RequestInit } {
  const line = sample
    .replaceAll(" \\\n  ", " ")
    .replace("$ADMIN_TOKEN", "test-admin")
    .replace("$(($(date +%s) + 60))", String(Math.floor(Date.now() / 1_000) + 60));
  const words = [...line.matchAll(/"((?:[^"\\]|\\.)*)"|'([^']*)'|(\S+)/g)].map((match) => {
    return match[1]?.replaceAll('\\"', '"') ?? match[2] ?? match[3] ?? "";
  });
  const headers = new Headers();
  let [method, path, body]: [string, string, string | undefined] = ["GET", "", undefined];
  expect(words.shift()).toBe("curl");
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    const next = (): string => words.shift() ?? "";
    if (word === "-X") method = next();
    else if (word === "-H") {
      const [, name = "", value = ""] = /^([^:]+): (.*)$/.exec(next()) ?? [];
      headers.set(name, value);
    } else if (word === "--json") {
      body = next();
      headers.set("Content-Type", "application/json");
    } else if (word.startsWith("$SLUICE")) path = word.slice("$SLUICE".length);
    else expect(["-N", "--http1.1"]).toContain(word);
  }
  return { path, init: { method, headers, ...(body !== undefined && { body }) } };
}

beforeAll(async () => {
  // The limit that examples name.
  const tpm = { capacity: 10_000, refillTokens: 10_000, refillIntervalMs: 60_000 };
  for (const name of ["api", "llm:ann"]) await changePolicy(name, { limits: { tpm } });
});

describe("curlSample", () => {
  it.each(operations.map((each) => [each.operation.operationId, each] as const))(
    "of %s reaches it",
    async (_, described) => {
      const { path, init } = requestOf(curlSample(described));
      expect(init.method).toBe(described.method.toUpperCase());
      const response = await request(path, init);
      const known = Object.keys(described.operation.responses).map(Number);
      expect(known).toContain(response.status);
      // Nothing is wrong with it but what only exists where something happened before.
      const text = response.webSocket ? "" : await response.clone().text();
      expect([400, 401, 405, 413, 426], text).not.toContain(response.status);
      response.webSocket?.accept();
      response.webSocket?.close();
      await response.body?.cancel();
    },
  );

  it("names the key that the call needs", () => {
    const samples = new Map(
      operations.map((each) => [each.operation.operationId, curlSample(each)] as const),
    );
    expect(samples.get("acquire")).toBe(
      'curl "$SLUICE/acquire?bucket=api" \\\n  -H "Authorization: Bearer $API_TOKEN"',
    );
    expect(samples.get("reset")).toBe(
      'curl -X DELETE "$SLUICE/buckets/api" \\\n  -H "Authorization: Bearer $ADMIN_TOKEN"',
    );
    expect(samples.get("health")).toBe('curl "$SLUICE/healthz"');
  });
});
