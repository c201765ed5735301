/** What operators see and do, as JSON Schemas by their name in the OpenAPI document. */
import type { QueuedWaiter, QueuedWaiters } from "../../protocol/queued-waiter.ts";
import type { Schema } from "./json-schema.ts";

import { acquireRanges } from "../../protocol/asked-members.ts";
import {
  countSchema,
  instantSchema,
  integerSchema,
  limitsSchema,
  objectSchema,
} from "./json-schema.ts";

const waiter = objectSchema<QueuedWaiter>(
  {
    id: {
      type: "string",
      description: "Names the waiter as long as it waits. It gives nobody its place",
    },
    position: countSchema("1 is the head of the queue"),
    etaMs: countSchema("Time until the grant as things stand, in milliseconds"),
    estimate: { const: true, description: "Present if `etaMs` depends on when permits come back" },
    tokens: integerSchema(acquireRanges.tokens, "Tokens requested of each limit"),
    limits: limitsSchema(
      integerSchema(acquireRanges.tokens, "Tokens requested of this limit"),
      "Tokens requested of single limits, by name; absent if there are none",
    ),
    queuedAtMs: instantSchema("When it arrived"),
    deadlineAtMs: instantSchema("When it is refused unless it has been granted"),
    label: { type: "string", description: "What the caller calls itself; absent if nothing" },
  },
  { estimate: true, limits: true, label: true },
);

const waiters = objectSchema<QueuedWaiters>(
  {
    waiters: { type: "array", items: waiter, description: "In the order of the queue" },
    omitted: countSchema("How many more there are"),
  },
  {},
);

/** The schemas of operators' calls that the document lists under `components`. */
export const operatorBodies = { Waiters: waiters } as const satisfies Readonly<
  Record<string, Schema>
>;
