/** Figures of rounds as the tables show them: medians, ratios, and whether a target is met. */
import { median, ratio } from "../../kit/statistics.ts";
import { table, verdict, type Target } from "../support/markdown.ts";

/** What each round measured, by the names of its figures. */
type Rounds<Key extends string> = readonly Readonly<Record<Key, number>>[];

/** One line of a table of targets. */
export interface Check {
  readonly what: string;
  readonly value: number;
  readonly measured: string;
  readonly target: Target;
  /** The target in words. */
  readonly wanted: string;
}

export function checksTable(checks: readonly Check[]): string {
  return table(
    ["what", "measured", "target", ""],
    checks.map(({ what, value, measured, target, wanted }) => [
      what,
      measured,
      wanted,
      verdict(value, target),
    ]),
  );
}

export function medianOf<Key extends string>(rounds: Rounds<Key>, key: Key): number {
  return median(rounds.map((round) => round[key]));
}

/** The median of each round's ratio. */
export function ratioOf<Key extends string>(
  rounds: Rounds<Key>,
  others: Rounds<Key>,
  key: Key,
): number {
  return ratio(
    rounds.map((round) => round[key]),
    others.map((round) => round[key]),
  );
}

/** The lowest and the highest of the rounds' ratios, as in `0.91 to 0.97`: how much they scatter. */
export function ratioRange<Key extends string>(
  rounds: Rounds<Key>,
  others: Rounds<Key>,
  key: Key,
): string {
  const ratios = rounds.map((round, index) => round[key] / (others[index]?.[key] ?? NaN));
  return [Math.min(...ratios), Math.max(...ratios)].map((value) => value.toFixed(2)).join(" to ");
}

export function times(value: number): string {
  return `${value.toFixed(2)} ×`;
}

/** A target that is a multiple, in words. */
export function timesWanted(target: Target): string {
  return "atLeast" in target ? `at least ${target.atLeast} ×` : `at most ${target.atMost} ×`;
}
