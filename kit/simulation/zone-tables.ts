/**
 * The time zones of a simulation: tables of offsets, as a machine has them. A deployment may bring others,
 * and an instance keeps those that it started with.
 */
import type { CalendarFields } from "../../src/core/limits/calendar-fields.ts";
import type { ZoneOffsets } from "../../src/core/limits/civil-grid.ts";
import type { TimeZones } from "../../src/core/limits/time-zones.ts";

import { Boundaries, type ZoneTable } from "./boundaries.ts";

const UTC: ZoneTable = [{ fromMs: -Infinity, aheadMs: 0 }];

/** All zones of one machine. */
export class ZoneTables implements TimeZones {
  readonly #tables: Readonly<Record<string, ZoneTable>>;
  readonly #boundaries = new Map<string, Boundaries>();

  constructor(tables: Readonly<Record<string, ZoneTable>>) {
    this.#tables = { UTC, ...tables };
  }

  zoneOf(name: string): ZoneOffsets | undefined {
    const table = this.#tables[name];
    if (!table) return undefined;
    const all = table.map(({ aheadMs }) => aheadMs);
    return {
      offsetAt: (atMs) => table.findLast(({ fromMs }) => fromMs <= atMs)?.aheadMs ?? 0,
      swingMs: Math.max(...all) - Math.min(...all),
    };
  }

  /** When the periods of a calendar begin, by these tables. */
  boundariesOf(fields: CalendarFields): Boundaries {
    const { every, timeZone, at, on } = fields;
    const id = JSON.stringify([every, timeZone, at, on]);
    let boundaries = this.#boundaries.get(id);
    if (!boundaries) {
      boundaries = new Boundaries(fields, this.#tables[timeZone] ?? UTC);
      this.#boundaries.set(id, boundaries);
    }
    return boundaries;
  }
}
