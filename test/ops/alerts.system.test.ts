/** The alerts of ops/prometheus, with promtool: their syntax, and what triggers them. */
import { readFileSync } from "node:fs";
import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect, it } from "vitest";

import { promtool } from "../../kit/processes/prometheus.ts";
import { projectDir } from "../../serve/worker-bundle.ts";

const text = (name: string): string =>
  readFileSync(join(projectDir, "ops/prometheus", name), "utf8");

it("prometheus.yml is what Prometheus reads, once the API key is beside it", async () => {
  const dir = await mkdtemp(join(tmpdir(), "sluice-prometheus-"));
  await cp(join(projectDir, "ops/prometheus"), dir, { recursive: true });
  const config = join(dir, "prometheus.yml");
  await expect(promtool("check", "config", config)).rejects.toThrow("sluice-api-key");
  await writeFile(join(dir, "sluice-api-key"), "key");
  expect(await promtool("check", "config", config)).toContain("SUCCESS");
  await rm(dir, { recursive: true });
});

it("alerts.yml is what Prometheus reads", async () => {
  expect(await promtool("check", "rules", "--lint-fatal", "alerts.yml")).toContain("SUCCESS");
});

it("each alert is triggered by its case in alerts.test.yml, and by no other", async () => {
  expect(await promtool("test", "rules", "alerts.test.yml")).toContain("SUCCESS");
});

it("no alert is without a case, and each has one that doesn't trigger it", () => {
  const names = [...text("alerts.yml").matchAll(/- alert: (\w+)/g)].map(([, name]) => name);
  const cases = text("alerts.test.yml");
  const triggered = [...cases.matchAll(/- alertname: (\w+)\n.*\n +exp_alerts:\n +- exp_labels/g)];
  const quiet = [...cases.matchAll(/alertname: (\w+), eval_time: \w+, exp_alerts: \[\]/g)];
  for (const found of [triggered, quiet]) {
    expect(new Set(found.map(([, name]) => name))).toEqual(new Set(names));
  }
});
