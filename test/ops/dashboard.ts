/** The dashboard of ops/grafana, as far as tests read it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { projectDir } from "../../serve/worker-bundle.ts";

interface Target {
  readonly refId: string;
  readonly expr: string;
  readonly legendFormat?: string;
  readonly format?: string;
  readonly datasource: DataSource;
}

interface DataSource {
  readonly type: string;
  readonly uid: string;
}

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly gridPos: {
    readonly x: number;
    readonly y: number;
    readonly w: number;
    readonly h: number;
  };
  readonly datasource?: DataSource;
  readonly fieldConfig?: { readonly defaults: { readonly unit?: string } };
  readonly targets?: readonly Target[];
}

interface Dashboard {
  readonly uid: string;
  readonly schemaVersion: number;
  readonly panels: readonly Panel[];
  readonly templating: {
    readonly list: readonly {
      readonly name: string;
      readonly query: string | { readonly query: string };
    }[];
  };
}

export const dashboard = JSON.parse(
  readFileSync(join(projectDir, "ops/grafana/sluice.json"), "utf8"),
) as Dashboard;

/** Its panels that show something. */
export const shownPanels = dashboard.panels.filter(({ type }) => type !== "row");

/** Each query, with the title of its panel. */
export const queries = shownPanels.flatMap(({ title, targets = [] }) => {
  return targets.map(({ refId, expr }) => ({ panel: `${title} ${refId}`, expr }));
});
