/** What everything in one simulation shares. */
import type { Random } from "../random.ts";
import type { Laws } from "./laws.ts";
import type { VirtualClock } from "./virtual-clock.ts";
import type { ZoneTables } from "./zone-tables.ts";

/** What an object, its instances and the Worker have in common. */
export interface World {
  readonly clock: VirtualClock;
  readonly random: Random;
  readonly laws: Laws;
  /** Called at the end of each turn of any instance. */
  readonly onTurn: () => void;
  /** The time zones of machines that start now. */
  zones: ZoneTables;
  readonly trace: (line: () => string) => void;
}
