/** A scenario of `npm run chaos`, and its result: figures compared with limits. */

/** A measured figure, with the limit promised for it. */
export interface Figure {
  /** A noun phrase: what was measured, and under which conditions. */
  readonly what: string;
  readonly measured: string;
  /** In words; left out if nothing is promised and the figure is for information only. */
  readonly limit?: string;
  /** Whether the limit is kept; meaningless without one. */
  readonly holds: boolean;
}

/** Options of a run. */
export interface RunOptions {
  /** The seed of everything random: the same seed gives the same run. */
  readonly seed: number;
  /** How many fault schedules to simulate. */
  readonly schedules: number;
  /** The number of the first schedule; together with a single schedule, it replays a failure. */
  readonly first: number;
  /** How many buckets to ask once and forget. */
  readonly names: number;
  /** Reports progress; a line without its line end. */
  readonly progress: (line: string) => void;
  /** Adds a Markdown table to print after the table of figures. */
  readonly addTable: (table: string) => void;
}

/** One kind of failure. */
export interface Scenario {
  /** Its name for `--only`. */
  readonly name: string;
  /** Rejects if the scenario itself could not be carried out. */
  run(options: RunOptions): Promise<Figure[]>;
}
