import { utcOffsets } from "./civil-grid.js";
/** Knows UTC and nothing else. */
export const onlyUtc = {
    zoneOf: (name) => (name === "UTC" ? utcOffsets : undefined),
};
