/** What Grafana expects of a dashboard, and what a reader does. Its queries are run in queries.system.test.ts. */
import { describe, expect, it } from "vitest";

import { busyMetrics } from "../../src/worker/metrics/busy-metrics.ts";
import { metricsOf } from "../../src/worker/metrics/metrics.ts";
import { dashboard, queries, shownPanels } from "./dashboard.ts";

/** Grafana's grid. */
const COLUMNS = 24;
/** What Grafana replaces in a query by itself. */
const OWN_VARIABLES = ["__rate_interval"];
/** The end of the name of each part of a histogram. */
const HISTOGRAM_PART = /_(?:bucket|sum|count)$/;

describe("ops/grafana/sluice.json", () => {
  const { panels, templating } = dashboard;
  const variables = templating.list.map(({ name }) => name);

  it("has an id of its own for each panel, and for each query of a panel", () => {
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    for (const { title, targets = [] } of shownPanels) {
      expect(new Set(targets.map(({ refId }) => refId)).size, title).toBe(targets.length);
      expect(targets.length, title).toBeGreaterThan(0);
    }
  });

  it("lays panels side by side: none over another, none over the edge", () => {
    const taken = new Map<string, string>();
    for (const { title, gridPos } of panels) {
      expect(gridPos.x + gridPos.w, title).toBeLessThanOrEqual(COLUMNS);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
          expect(taken.get(`${x}:${y}`), title).toBeUndefined();
          taken.set(`${x}:${y}`, title);
        }
      }
    }
  });

  it("says of each panel what it shows, and in which unit", () => {
    for (const { title, type, description, fieldConfig } of shownPanels) {
      expect(description, title).toMatch(/\.$/);
      if (type !== "table") expect(fieldConfig?.defaults.unit, title).toBeDefined();
    }
  });

  it("asks the Prometheus that is chosen, and no other", () => {
    const chosen = { type: "prometheus", uid: `\${datasource}` };
    for (const { title, datasource, targets = [] } of shownPanels) {
      expect([datasource, ...targets.map((target) => target.datasource)], title).toEqual(
        Array.from({ length: targets.length + 1 }, () => chosen),
      );
    }
    expect(variables).toContain("datasource");
  });

  it("uses variables that there are", () => {
    const used = queries.flatMap(({ expr }) =>
      [...expr.matchAll(/\$(\w+)/g)].map(([, name]) => name),
    );
    expect(new Set(used)).toEqual(new Set(["bucket", ...OWN_VARIABLES]));
    expect(variables).toContain("bucket");
  });

  it("names series by the labels that the query keeps", () => {
    const named = shownPanels.flatMap(({ title, targets = [] }) => {
      return targets.map(({ expr, legendFormat = "" }) => ({ title, expr, legendFormat }));
    });
    for (const { title, expr, legendFormat } of named) {
      const labels = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label]) => label);
      const [, kept] = / by \((?!le\))([\w, ]+)\)/.exec(expr) ?? [];
      expect(labels, title).toEqual(kept === undefined ? [] : kept.split(", "));
    }
  });

  it("asks for metrics that there are, and for all of them", () => {
    const known = [...metricsOf([], 0), ...busyMetrics([])].map(({ name }) => name);
    const used = queries.flatMap(({ expr }) => {
      return [...expr.matchAll(/\bsluice_\w+/g)].map(([name]) => name.replace(HISTOGRAM_PART, ""));
    });
    expect(known).toEqual(expect.arrayContaining(used));
    const notShown = known.filter((name) => !used.includes(name));
    // The first limit's are shown as those of its limit; the pattern of a policy isn't a number.
    expect(notShown).toEqual([
      "sluice_policy_info",
      "sluice_tokens",
      "sluice_capacity_tokens",
      "sluice_paused",
      "sluice_queued_tokens",
      "sluice_granted_tokens_total",
    ]);
  });
});
