/** Messages that clients may send on a session, in part legal. */
import * as fc from "fast-check";

/** Values that are legal somewhere in a message, or nearly. */
const anyValue = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }),
  fc.constantFrom("acquire", "cancel", "settle", "extend", "release", "k", "", true, false),
  fc.constantFrom(0, 1, 999, 1_000, 60_000, 3_600_000, 3_600_001, 1e9, 2 ** 53 - 1, 2 ** 53),
);
const anyName = fc.oneof(
  fc.constantFrom(
    ..."tokens timeoutMs key holdMs follow fields ticket hold used permit".split(" "),
  ),
  fc.constantFrom("tokens.rate", "tokens.tpm", "tokens.", "tokens.__proto__", "__proto__", "x"),
  fc.string(),
);
const anyOp = fc.constantFrom("acquire", "acquire", "cancel", "settle", "extend", "release");
/** A message as `JSON.parse` gives it: `__proto__` is a name as any other. */
export const anyMessage = fc
  .tuple(
    fc.oneof(anyOp, anyValue),
    fc.oneof(fc.integer(), anyValue),
    fc.array(fc.tuple(anyName, anyValue), { maxLength: 4 }),
  )
  .map(([op, id, members]): unknown => {
    const entries: [string, unknown][] = [["op", op], ["id", id], ...members];
    return JSON.parse(JSON.stringify(Object.fromEntries(entries)));
  });
