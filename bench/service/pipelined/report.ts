/** What `npm run bench` shows of sessions. */
import type { Machine } from "../../support/machine.ts";
import type { Target } from "../../support/markdown.ts";
import type { Rendered, Report } from "../../support/report.ts";
import type { CaseRound } from "../under-load.ts";
import type { WaitingRound } from "./waiting.ts";

import { shown } from "../../../kit/statistics.ts";
import { barChart } from "../../support/chart.ts";
import { machineLine } from "../../support/machine.ts";
import { chartImage, table } from "../../support/markdown.ts";
import { REDIS, SLUICE } from "../cases.ts";
import {
  checksTable,
  medianOf,
  ratioOf,
  ratioRange,
  times,
  timesWanted,
  type Check,
} from "../checks.ts";
import { comparable } from "../load-report.ts";
import { redisCase, sessionCase, type ShapeName } from "./cases.ts";

const BYTES_PER_KIB = 1_024;

/** A case with what each round measured. */
interface MeasuredPipeline {
  readonly name: string;
  readonly what: string;
  readonly rounds: readonly CaseRound[];
}

/** Everything that a run found. */
export interface SessionsResult {
  readonly machine: Machine;
  readonly load: { readonly generator: string; readonly seconds: number };
  /** Cases that could not be run, and why. */
  readonly leftOut: readonly { readonly name: string; readonly why: string }[];
  readonly cases: readonly MeasuredPipeline[];
  readonly waiting: {
    readonly waiters: number;
    readonly sessions: number;
    readonly rounds: readonly WaitingRound[];
  };
}

/** Of the server, in microseconds a grant. */
const SHARED_FRAME: Target = { atMost: 6 };
const OWN_FRAME: Target = { atMost: 55 };
/** Grants a second. */
const RATE: Target = { atLeast: 100_000 };
/** Of plain HTTP. */
const TO_HTTP: Target = { atLeast: 10 };
/** Of a peer: ahead of it. */
const AHEAD: Target = { atLeast: 1 };
const WAITER_BYTES: Target = { atMost: 2 * BYTES_PER_KIB };
const TICK_MS: Target = { atMost: 100 };

/** The shape that the targets are about. */
const SIXTEEN: ShapeName = "8 × 16";

export const sessionsReport: Report<SessionsResult> = {
  name: "sessions",
  render(result) {
    return {
      sections: {
        "sessions:load": loadSection(result),
        "sessions:waiting": waitingSection(result),
      },
      charts: { sessions: chart(result) },
    } satisfies Rendered;
  },
};

function loadSection(result: SessionsResult): string {
  const { machine, load, leftOut, cases } = result;
  const rounds = cases[0]?.rounds.length ?? 0;
  return `
${machineLine(machine)}

${rounds} rounds in turn of ${load.seconds} s each, medians; ratios are medians of each round's, with the lowest and the highest beside them. CPU is what the server's processes use for a grant, *load* what the process that asks does; over plain HTTP the load comes from ${load.generator}, with 64 connections.
${leftOut.map(({ name, why }) => `\n**Left out:** ${name}, because ${why}.\n`).join("")}
${loadTable(result)}

${checksTable(loadChecks(result))}

A grant with an idempotency key is written with its key before it is answered, so each turn is a commit of its own; without keys, a bucket that is this busy needs one in thousands of grants. That is what the keyed cases cost more.

${chartImage("sessions", "Grants a second of each case")}
`;
}

/** One row a case. */
export function loadTable({ cases }: SessionsResult): string {
  const http = cases.find(({ name }) => name === SLUICE);
  const columns = [
    "case",
    "what",
    "grants/s",
    "to plain HTTP",
    "half, ms",
    "99 of 100, ms",
    "CPU, µs",
    "load, µs",
  ];
  const rows = cases.map(({ name, what, rounds }) => [
    name.startsWith("session") ? `**${name}**` : name,
    what,
    shown(Math.round(medianOf(rounds, "requestsPerSecond"))),
    http ? times(ratioOf(rounds, http.rounds, "requestsPerSecond")) : "",
    medianOf(rounds, "p50Ms").toFixed(2),
    medianOf(rounds, "p99Ms").toFixed(2),
    micros(medianOf(rounds, "processorMicros")),
    loadMicros(rounds),
  ]);
  return table(columns, rows);
}

/** The targets of what was measured. */
export function loadChecks({ cases }: SessionsResult): Check[] {
  const absolute = (
    name: string,
    what: string,
    key: "requestsPerSecond" | "processorMicros",
    target: Target,
  ): Check[] => {
    const found = cases.find((one) => one.name === name);
    if (!found) return [];
    const value = medianOf(found.rounds, key);
    const show = key === "processorMicros" ? (one: number) => `${micros(one)} µs` : rate;
    const limit = "atMost" in target ? target.atMost : target.atLeast;
    const wanted = "atMost" in target ? `at most ${limit} µs` : `at least ${rate(limit)}`;
    return [{ what: `${name}: ${what}`, value, measured: show(value), target, wanted }];
  };
  const relative = (name: string, to: string, target: Target, key: RatioKey): Check[] => {
    const [one, other] = [name, to].map((wanted) => {
      return cases.find((measured) => measured.name === wanted)?.rounds.map(comparable);
    });
    if (!one || !other) return [];
    const value = ratioOf(one, other, key);
    const measured = `${times(value)} (${ratioRange(one, other, key)})`;
    const what = `${name} to ${to}: ${ratioNames[key]}`;
    return [{ what, value, measured, target, wanted: timesWanted(target) }];
  };
  const sixteen = sessionCase(SIXTEEN);
  const keyed = sessionCase(SIXTEEN, true);
  const cpu = "processor time of a grant";
  return [
    ...absolute(sixteen, cpu, "processorMicros", SHARED_FRAME),
    ...absolute(sixteen, "grants a second", "requestsPerSecond", RATE),
    ...absolute(keyed, cpu, "processorMicros", SHARED_FRAME),
    ...absolute(keyed, "grants a second", "requestsPerSecond", RATE),
    ...absolute(sessionCase("64 × 1"), cpu, "processorMicros", OWN_FRAME),
    ...absolute(sessionCase("64 × 1", true), cpu, "processorMicros", OWN_FRAME),
    ...relative(sixteen, SLUICE, TO_HTTP, "requestsPerSecond"),
    ...relative(sixteen, SLUICE, TO_HTTP, "requestsPerProcessorSecond"),
    ...relative(sixteen, REDIS, AHEAD, "requestsPerSecond"),
    ...relative(sixteen, redisCase(SIXTEEN), AHEAD, "requestsPerSecond"),
    ...relative(keyed, redisCase(SIXTEEN, "always", true), AHEAD, "requestsPerSecond"),
    ...relative(sessionCase("1 × 64"), redisCase("1 × 64"), AHEAD, "requestsPerSecond"),
    ...relative(sessionCase("64 × 1"), redisCase("64 × 1"), AHEAD, "requestsPerSecond"),
  ];
}

type RatioKey = "requestsPerSecond" | "requestsPerProcessorSecond";

const ratioNames: Readonly<Record<RatioKey, string>> = {
  requestsPerSecond: "grants a second",
  requestsPerProcessorSecond: "grants for the same processor time",
};

function waitingSection({ waiting }: SessionsResult): string {
  const { waiters, sessions, rounds } = waiting;
  const bytes = medianOf(rounds, "bytesPerWaiter");
  const kibibytes = (key: "bytesPerWaiter" | "bytesPerWaiterAtFirst"): string => {
    return `${(medianOf(rounds, key) / BYTES_PER_KIB).toFixed(2)} KiB`;
  };
  const releaseMs = medianOf(rounds, "releaseMs");
  const checks: Check[] = [
    {
      what: "memory of a waiter",
      value: bytes,
      measured: kibibytes("bytesPerWaiter"),
      target: WAITER_BYTES,
      wanted: "at most 2 KiB",
    },
    {
      what: "from the tick to the last byte",
      value: releaseMs,
      measured: `${releaseMs.toFixed(0)} ms`,
      target: TICK_MS,
      wanted: "at most 100 ms",
    },
  ];
  return `
${shown(waiters)} acquires that wait on ${sessions} sessions of one bucket, and are served by one tick; ${rounds.length} rounds, medians:

${checksTable(checks)}

The memory is that of the second half of them. While the first half came, workerd grew by ${kibibytes("bytesPerWaiterAtFirst")} for each, including the process's one-time growth. Processor time of the server from just before the tick to the last byte: ${medianOf(rounds, "processorMs").toFixed(0)} ms.
`;
}

function chart({ cases }: SessionsResult): string {
  return barChart({
    title: "Grants a second",
    valueName: "grants a second",
    show: (value) => shown(Math.round(value)),
    cases: cases.map(({ name }) => name),
    series: [
      { name: "median", values: cases.map((one) => medianOf(one.rounds, "requestsPerSecond")) },
    ],
  });
}

/** With one digit behind the point where that says more. */
function micros(value: number): string {
  return value.toFixed(value < 100 ? 1 : 0);
}

function rate(value: number): string {
  return `${shown(Math.round(value))}/s`;
}

function loadMicros(rounds: readonly CaseRound[]): string {
  const known = rounds.flatMap(({ loadMicros: one }) => (one === undefined ? [] : [{ one }]));
  return known.length === 0 ? "" : micros(medianOf(known, "one"));
}
