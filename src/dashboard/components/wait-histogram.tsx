/** Wait times: a table whose numbers are drawn as bars. */
import type { VNode } from "preact";

import { showCount, showDuration } from "../format.ts";
import { WAIT_BOUNDS_MS, type WaitCounts } from "../wait-histogram.ts";

/** The bins from the first to the last with a count. */
export function WaitHistogram({ waits }: { readonly waits: WaitCounts }): VNode {
  const max = Math.max(...waits);
  if (max === 0) return <p class="empty">No grants yet.</p>;
  const first = waits.findIndex((count) => count > 0);
  const last = waits.findLastIndex((count) => count > 0);
  return (
    <table class="histogram">
      <caption class="unseen">Grants since this page was opened, by wait</caption>
      <thead class="unseen">
        <tr>
          <th scope="col">Waited</th>
          <th scope="col">Grants</th>
        </tr>
      </thead>
      <tbody>
        {waits.slice(first, last + 1).map((count, index) => (
          <tr key={first + index}>
            <th scope="row">{binName(first + index)}</th>
            <td>
              {count > 0 && (
                <span class="bar" aria-hidden="true" style={{ "--share": String(count / max) }} />
              )}
              <span class="count">{showCount(count)}</span>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function binName(index: number): string {
  const bound = WAIT_BOUNDS_MS[index];
  if (bound === 0) return "at once";
  if (bound !== undefined) return `up to ${showDuration(bound)}`;
  return `over ${showDuration(WAIT_BOUNDS_MS[index - 1] ?? 0)}`;
}
