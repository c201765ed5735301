/** What a change of the policy would do, before it is made. */
import type { VNode } from "preact";

import { useEffect, useRef } from "preact/hooks";

import type { BucketSnapshot } from "../../protocol/bucket-snapshot.ts";
import type { DryRun, QueuedWaiter } from "../../protocol/queued-waiter.ts";

import { showCallers, showCount } from "../format.ts";
import { policyRows } from "./policy-list.tsx";

/** Refused waiters that are listed. */
const MAX_LISTED = 5;

interface PolicyPreviewProps {
  /** The bucket now. */
  readonly before: BucketSnapshot;
  readonly run: DryRun;
  /** Those whose names are known. */
  readonly waiters: readonly QueuedWaiter[];
}

/** A list of effects; it takes the focus, so that it is read. */
export function PolicyPreview({ before, run, waiters }: PolicyPreviewProps): VNode {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), [run]);
  const { refused, omitted = 0, moved, snapshot } = run;
  const count = refused.length + omitted;
  const listed = refused.slice(0, MAX_LISTED);
  const rest = count - listed.length;
  const changes = changedRows(before, snapshot);
  return (
    <div class="preview">
      <h3 ref={heading} tabIndex={-1}>
        What this would do now
      </h3>
      <ul>
        <li class={count > 0 ? "refused" : ""}>
          {count === 0 ? "Nobody would be refused" : `${showCallers(count)} would be refused:`}
          {count > 0 && (
            <ul>
              {listed.map(({ id, reason }) => (
                <li key={id}>
                  {placeOf(id, waiters)}: {reason}
                </li>
              ))}
              {rest > 0 && <li>and {showCount(rest)} more</li>}
            </ul>
          )}
        </li>
        <li>
          {moved === 0
            ? "No other grant would move"
            : `${showCallers(moved)} would be granted at another time`}
        </li>
      </ul>
      <dl class="policy">
        {changes.map(([term, now, then]) => (
          <div key={term}>
            <dt>{term}</dt>
            <dd>
              <del>{now}</del> <span aria-hidden="true">→</span> <ins>{then}</ins>
            </dd>
          </div>
        ))}
      </dl>
    </div>
  );
}

/** What would differ: the tokens, the queue, and the lines of the policy. */
function changedRows(
  before: BucketSnapshot,
  after: BucketSnapshot,
): (readonly [term: string, now: string, then: string])[] {
  const [now, then] = [rowsOf(before), rowsOf(after)];
  const terms = [...new Set([...now.keys(), ...then.keys()])];
  return terms
    .map((term) => [term, now.get(term) ?? "none", then.get(term) ?? "none"] as const)
    .filter(([, one, other]) => one !== other);
}

function rowsOf(snapshot: BucketSnapshot): Map<string, string> {
  const { limits = {} } = snapshot;
  const others = Object.entries(limits).map(([name, limit]) => {
    return [`Tokens of ${name}`, showCount(limit.tokens)] as const;
  });
  return new Map([
    ["Tokens", showCount(snapshot.tokens)],
    ...others,
    ["Waiting", showCount(snapshot.waiters)],
    ...policyRows(snapshot),
  ]);
}

function placeOf(id: string, waiters: readonly QueuedWaiter[]): string {
  const waiter = waiters.find((each) => each.id === id);
  if (!waiter) return "A caller further back";
  const { position, label } = waiter;
  return `Place ${showCount(position)}${label === undefined ? "" : `, ${label}`}`;
}
