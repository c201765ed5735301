/** What a scenario of `npm run chaos` is, and what it comes to: figures held against limits. */

/** One measured figure beside the limit that was promised for it. */
export interface Figure {
  /** A noun phrase: what was measured, and under what. */
  readonly what: string;
  readonly measured: string;
  /** In words; left out where nothing is promised and the figure only informs. */
  readonly limit?: string;
  /** Whether the limit is kept; says nothing without one. */
  readonly holds: boolean;
}

/** How a run is to go. */
export interface RunOptions {
  /** Where all that is drawn at random comes from: the same seed draws the same. */
  readonly seed: number;
  /** How many fault schedules are simulated. */
  readonly schedules: number;
  /** The number of the first of them: with one schedule, a failure is played again. */
  readonly first: number;
  /** Says how far it has got; a line without its end. */
  readonly progress: (line: string) => void;
  /** Takes a table of its own, in Markdown, to be printed behind that of the figures. */
  readonly addTable: (table: string) => void;
}

/** One kind of trouble. */
export interface Scenario {
  /** What `--only` calls it. */
  readonly name: string;
  /** Rejects where the scenario itself could not be carried out. */
  run(options: RunOptions): Promise<Figure[]>;
}
