/**
 * `npm run cost`: what buckets cost a month, from counts that are measured here (scenarios.ts) and prices
 * that are published (prices.ts). `-- --write` puts the tables into docs/operate/limits-and-cost.md.
 */
import { parseArgs } from "node:util";

import { describeMachine } from "../support/machine.ts";
import { publish } from "../support/report.ts";
import { costReport } from "./report.ts";
import { runScenarios } from "./scenarios.ts";

const { values } = parseArgs({ options: { write: { type: "boolean", default: false } } });
publish(costReport, { machine: describeMachine([]), scenarios: runScenarios() }, values.write);
