/** Who waits now, in the order of the queue, and a way to refuse each of them. */
import { Fragment, type VNode } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

import type { QueuedWaiter } from "../../protocol/queued-waiter.ts";
import type { CallResult } from "../operator-calls.ts";
import type { Operator, Said } from "./use-operator.ts";

import { showCallers, showCount, showCountdown } from "../format.ts";
import { nextRows, servedInMs, type WaiterRow } from "../waiter-rows.ts";
import { Outcome } from "./outcome.tsx";
import { Section } from "./section.tsx";
import { useBucketNow, type HeardView } from "./use-bucket-now.ts";
import { useWaiters, type ReadQueue } from "./use-waiters.ts";

/** How often the countdowns move, in milliseconds. */
const STEP_MS = 1_000;

interface WaiterListProps extends HeardView {
  readonly operator: Operator;
}

/** A card with the list; nothing as long as nobody has waited, so that an idle bucket has no empty card. */
export function WaiterList(props: WaiterListProps): VNode | undefined {
  const isUsed = useRef(false);
  const { waiters } = props.view.snapshot;
  isUsed.current ||= waiters > 0;
  if (!isUsed.current) return undefined;
  const title = waiters > 0 ? `${showCount(waiters)} waiting` : "Waiting now";
  return (
    <Section id="waiters" title={title} isWide>
      <WaiterTable {...props} />
    </Section>
  );
}

/** A table, so that screen readers can read it in order; one line if nobody waits any more. */
function WaiterTable({ operator, ...heard }: WaiterListProps): VNode {
  const queue = useWaiters(operator.calls, operator.token, heard.view);
  const line = useRef<HTMLParagraphElement>(null);
  const [said, setSaid] = useState<Said>({ text: "", isFault: false });
  const rows = useRef<readonly WaiterRow[]>([]);
  const [isHeld, setIsHeld] = useState(false);
  const [removed, setRemoved] = useState<ReadonlySet<string>>(new Set());
  const nowMs = useBucketNow(heard, () => (queue.waiters.length > 0 ? STEP_MS : undefined));
  const waiters = queue.waiters.filter(({ id }) => !removed.has(id));
  rows.current = nextRows(rows.current, waiters, isHeld);
  useEffect(() => {
    // The button is gone. On the next one, a second press of the key would take out another caller.
    if (said.text !== "" && !said.isFault) line.current?.focus();
  }, [said]);
  const remove = async (waiter: QueuedWaiter): Promise<void> => {
    const result = await operator.run((key) => operator.calls.removeWaiter(waiter.id, key));
    if (!result) return;
    setSaid(saidOf(result, waiter));
    if (!result.ok) return;
    setRemoved((before) => new Set([...before, waiter.id]));
  };
  return (
    <Fragment>
      <Outcome said={said} line={line} />
      {rows.current.length === 0 && <p class="empty">{emptyWords(heard, queue)}</p>}
      {rows.current.length > 0 && (
        <div class="scroll waiter-table" tabIndex={0} role="group" aria-label="Table of waiters">
          <table class="log">
            <thead>
              <tr>
                <th scope="col" class="number">
                  Place
                </th>
                <th scope="col">Caller</th>
                <th scope="col" class="number">
                  Tokens
                </th>
                <th scope="col" class="number waited">
                  Waited
                </th>
                <th scope="col" class="number">
                  Grant in
                </th>
                <th scope="col">
                  <span class="unseen">Cancel</span>
                </th>
              </tr>
            </thead>
            <tbody onPointerEnter={() => setIsHeld(true)} onPointerLeave={() => setIsHeld(false)}>
              {rows.current.map(({ waiter, isGone }) => (
                <Row
                  key={waiter.id}
                  waiter={waiter}
                  gone={isGone && (removed.has(waiter.id) ? "cancelled" : "left")}
                  waitedMs={nowMs - waiter.queuedAtMs}
                  remainingMs={queue.atMs + waiter.etaMs - nowMs}
                  onCancel={() => void remove(waiter)}
                />
              ))}
            </tbody>
          </table>
        </div>
      )}
      <p class="note">
        {rows.current.length > 0 && queue.omitted > 0 && `and ${showCount(queue.omitted)} more. `}
        {waiters.length > 1 && `${servedWords(queue, nowMs)} `}
        {rows.current.length > 0 && queue.refusal && `Not up to date: ${queue.refusal.detail}.`}
      </p>
    </Fragment>
  );
}

interface RowProps {
  readonly waiter: QueuedWaiter;
  /** What became of it, if it doesn't wait any more. */
  readonly gone: string | false;
  readonly waitedMs: number;
  readonly remainingMs: number;
  readonly onCancel: () => void;
}

function Row({ waiter, gone, waitedMs, remainingMs, onCancel }: RowProps): VNode {
  const { id, position, label, tokens, limits = {}, estimate } = waiter;
  const named = Object.entries(limits).map(([name, count]) => `, ${name} ${showCount(count)}`);
  return (
    <tr class={gone === false ? "" : "gone"} data-waiter={id}>
      <td class="number">{gone === false ? showCount(position) : ""}</td>
      <td class="caller">{label ?? <span class="note">no label</span>}</td>
      <td class="number">
        {showCount(tokens)}
        {named}
      </td>
      <td class="number waited">{showCountdown(waitedMs)}</td>
      <td class="number">
        {gone === false && `${estimate ? "about " : ""}${showCountdown(remainingMs)}`}
      </td>
      <td class="number">
        {gone === false ? (
          <button
            type="button"
            class="inline"
            aria-label={`Cancel ${nameOf(waiter)}`}
            onClick={onCancel}
          >
            Cancel
          </button>
        ) : (
          gone
        )}
      </td>
    </tr>
  );
}

/** When the queue that was read is empty, if nobody joins it. */
function servedWords(queue: ReadQueue, nowMs: number): string {
  const isGuess = queue.omitted > 0 || queue.waiters.at(-1)?.estimate === true;
  const inMs = queue.atMs + servedInMs(queue) - nowMs;
  return `All served in ${isGuess ? "about " : ""}${showCountdown(inMs)}.`;
}

/** A waiter for people who don't see its row. */
function nameOf({ position, label }: QueuedWaiter): string {
  return `place ${showCount(position)}${label === undefined ? "" : `, ${label}`}`;
}

function saidOf(result: CallResult<undefined>, waiter: QueuedWaiter): Said {
  if (result.ok) return { text: `Cancelled: ${nameOf(waiter)}`, isFault: false };
  const isGone = result.reason === "unknown-waiter";
  return {
    text: isGone ? `No longer waiting: ${nameOf(waiter)}` : `${result.detail}.`,
    isFault: true,
  };
}

function emptyWords({ view }: HeardView, { refusal }: ReadQueue): string {
  const { waiters } = view.snapshot;
  if (waiters === 0) return "Nobody is waiting.";
  return refusal ? `${showCallers(waiters)} waiting. ${refusal.detail}.` : "Reading the queue …";
}
