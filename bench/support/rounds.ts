/**
 * The order of a round, when several things are measured in turn on a machine that grows slower or faster
 * meanwhile. Rounds come in pairs, the second of each backwards: over a pair, each thing has the same place on
 * average, so a steady drift favours none of them. And each pair starts with another one, so that none is
 * always measured after the same neighbour.
 */

/**
 * `items` in the order of one round.
 *
 * @param round From 1 on.
 */
export function inTurn<Item>(items: readonly Item[], round: number): Item[] {
  const pair = Math.floor((round - 1) / 2);
  const first = items.length > 0 ? pair % items.length : 0;
  const rotated = [...items.slice(first), ...items.slice(0, first)];
  return round % 2 === 1 ? rotated : rotated.toReversed();
}
