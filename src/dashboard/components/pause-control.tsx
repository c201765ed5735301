/** Pauses limits of the bucket for a while, and resumes them. */
import { Fragment, type TargetedSubmitEvent, type VNode } from "preact";
import { useRef, useState } from "preact/hooks";

import type { BucketView } from "../bucket-view.ts";
import type { CallRefusal } from "../operator-calls.ts";
import type { Operator } from "./use-operator.ts";

import { lateUnderPause, limitsAt, policyLimits } from "../../client/watch/forecast.ts";
import { showCallers, showComing, showDuration } from "../format.ts";
import { pauseWords, refusedWords } from "../refused-words.ts";
import { Dialog } from "./dialog.tsx";
import { FormField } from "./form-field.tsx";
import { useNow } from "./use-now.ts";
import { useWaiters } from "./use-waiters.ts";

/** How long a pause may be, in milliseconds; other ends are given as a time. */
const LENGTHS_MS = [30_000, 60_000, 300_000, 900_000, 3_600_000, 21_600_000, 86_400_000];
const DEFAULT_LENGTH_MS = 60_000;
/** A pause is at most this long; see `pauseRanges` of the core. */
const MAX_AHEAD_MS = 86_400_000;

interface PauseControlProps {
  readonly operator: Operator;
  readonly view: BucketView;
}

/** A button to pause, and one to resume for each limit that is paused. */
export function PauseControl({ operator, view }: PauseControlProps): VNode {
  const [isOpen, setIsOpen] = useState(false);
  const pauseButton = useRef<HTMLButtonElement>(null);
  const paused = usePaused(view);
  const isSingle = policyLimits(view.snapshot.policy).length === 1;
  const resume = async (name: string): Promise<void> => {
    const result = await operator.run((key) => operator.calls.resume([name], key));
    if (!result) return;
    // The button that had it goes.
    if (result.ok) pauseButton.current?.focus();
    if (result.ok) operator.announce(`Resumed${isSingle ? "" : ` “${name}”`}`);
    else operator.complain(result.detail);
  };
  return (
    <Fragment>
      <button ref={pauseButton} type="button" class="quiet" onClick={() => setIsOpen(true)}>
        Pause …
      </button>
      {paused.map((name) => (
        <button key={name} type="button" onClick={() => void resume(name)}>
          {isSingle ? "Resume" : `Resume ${name}`}
        </button>
      ))}
      {isOpen && <PauseDialog {...{ operator, view }} onClose={() => setIsOpen(false)} />}
    </Fragment>
  );
}

/** Names of the limits that are paused now. */
function usePaused({ snapshot, clockOffsetMs }: BucketView): readonly string[] {
  const pausesAt = (pageNowMs: number): readonly (readonly [string, number])[] => {
    const nowMs = pageNowMs + clockOffsetMs;
    return limitsAt(snapshot, nowMs).flatMap(({ name, pausedUntilMs }) => {
      return pausedUntilMs === undefined ? [] : [[name, pausedUntilMs - nowMs] as const];
    });
  };
  const pageNowMs = useNow((atMs) => {
    const remaining = pausesAt(atMs).map(([, remainingMs]) => remainingMs);
    return remaining.length > 0 ? Math.min(...remaining) : undefined;
  }, snapshot);
  return pausesAt(pageNowMs).map(([name]) => name);
}

interface PauseDialogProps extends PauseControlProps {
  readonly onClose: () => void;
}

function PauseDialog({ operator, view, onClose }: PauseDialogProps): VNode {
  const names = policyLimits(view.snapshot.policy).map(([name]) => name);
  const [lengthMs, setLengthMs] = useState<number | undefined>(DEFAULT_LENGTH_MS);
  const [untilText, setUntilText] = useState("");
  const [tokensText, setTokensText] = useState("0");
  const [chosen, setChosen] = useState<readonly string[]>(names.slice(0, 1));
  const [refusal, setRefusal] = useState<CallRefusal>();
  const latest = useRef(view.snapshot);
  latest.current = view.snapshot;
  const bucketNowMs = Date.now() + view.clockOffsetMs;
  // Local time, as the field shows it.
  const untilMs =
    lengthMs === undefined
      ? new Date(untilText).getTime() + view.clockOffsetMs
      : bucketNowMs + lengthMs;
  const submit = async (event: TargetedSubmitEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    const aheadMs = untilMs - bucketNowMs;
    if (!(aheadMs > 0 && aheadMs <= MAX_AHEAD_MS)) {
      setRefusal(refusalAt("untilMs", "Choose a time to come, a day ahead at most"));
      return;
    }
    const ask = {
      untilMs: Math.floor(untilMs),
      // Text that is no number is for the server to complain of.
      tokens: /^\d+$/.test(tokensText) ? Number(tokensText) : tokensText,
      ...(names.length > 1 && { limits: chosen }),
    };
    let before = view.snapshot;
    const result = await operator.run((key) => {
      before = latest.current;
      return operator.calls.pause(ask, key ?? operator.token);
    });
    if (!result) return;
    if (!result.ok) {
      setRefusal(result);
      return;
    }
    onClose();
    const which = names.length > 1 ? ` ${chosen.map((name) => `“${name}”`).join(", ")}` : "";
    // A pause that was there and ends later goes on.
    const ends = limitsAt(result.value, bucketNowMs)
      .filter(({ name }) => chosen.includes(name))
      .map(({ pausedUntilMs = ask.untilMs }) => pausedUntilMs);
    const until = showComing(Math.max(...ends), bucketNowMs);
    operator.announce(`Paused${which} until ${until}${refusedWords(before, result.value)}`);
  };
  const faultOf = (field: string): string | undefined => {
    return refusal?.errors.find((error) => error.field === field)?.message;
  };
  const isSaidAtField = (refusal?.errors.length ?? 0) > 0;
  return (
    <Dialog id="pause" title="Pause the bucket" onClose={onClose}>
      <p>
        No tokens come in until the pause ends. Waiters keep their order; those that could not be
        granted by their deadlines are refused at once.
      </p>
      <form onSubmit={(event) => void submit(event)} noValidate>
        <div class="fields">
          <FormField
            id="pause-length"
            label="For"
            fault={lengthMs === undefined ? undefined : faultOf("untilMs")}
            hint={lengthMs === undefined ? undefined : `until ${showComing(untilMs, bucketNowMs)}`}
          >
            {(attributes) => (
              <select
                {...attributes}
                value={lengthMs ?? ""}
                onChange={({ currentTarget: { value } }) => {
                  setLengthMs(value === "" ? undefined : Number(value));
                }}
              >
                {LENGTHS_MS.map((ms) => (
                  <option key={ms} value={ms}>
                    {showDuration(ms)}
                  </option>
                ))}
                <option value="">until a time …</option>
              </select>
            )}
          </FormField>
          {lengthMs === undefined && (
            <FormField id="pause-until" label="Until" fault={faultOf("untilMs")}>
              {(attributes) => (
                <input
                  {...attributes}
                  type="datetime-local"
                  value={untilText}
                  onInput={({ currentTarget }) => setUntilText(currentTarget.value)}
                />
              )}
            </FormField>
          )}
          <FormField id="pause-tokens" label="Tokens it may still give" fault={faultOf("tokens")}>
            {(attributes) => (
              <input
                {...attributes}
                inputMode="numeric"
                value={tokensText}
                onInput={({ currentTarget }) => setTokensText(currentTarget.value)}
              />
            )}
          </FormField>
        </div>
        {names.length > 1 && (
          <fieldset class="choices">
            <legend>Limits</legend>
            {names.map((name) => (
              <label key={name}>
                <input
                  type="checkbox"
                  checked={chosen.includes(name)}
                  onChange={({ currentTarget: { checked } }) => {
                    setChosen(
                      names.filter((each) => (each === name ? checked : chosen.includes(each))),
                    );
                  }}
                />
                {name}
              </label>
            ))}
          </fieldset>
        )}
        <PauseEffect
          {...{ operator, view }}
          pause={{
            untilMs: Math.floor(untilMs),
            tokens: Number(tokensText) || 0,
            ...(names.length > 1 && { limits: chosen }),
          }}
        />
        <p class="fault" role="alert">
          {refusal && !isSaidAtField && `${refusal.detail}.`}
          {faultOf("limits") && `${faultOf("limits")}.`}
        </p>
        <div class="buttons">
          <button type="submit">Pause</button>
          <button type="button" class="quiet" onClick={onClose}>
            Cancel
          </button>
        </div>
      </form>
    </Dialog>
  );
}

interface PauseEffectProps extends PauseControlProps {
  readonly pause: Parameters<typeof lateUnderPause>[2];
}

/** Whom the pause would refuse, as far as they are listed. */
function PauseEffect({ operator, view, pause }: PauseEffectProps): VNode | undefined {
  const { waiters, omitted, refusal } = useWaiters(operator.calls, operator.token, view);
  const { snapshot, clockOffsetMs } = view;
  const isUnread = snapshot.waiters > 0 && waiters.length === 0;
  if (isUnread && !refusal) return undefined;
  const nowMs = Date.now() + clockOffsetMs;
  // Text that is no time yet pauses nothing.
  const late = pause.untilMs > nowMs ? lateUnderPause(snapshot, waiters, pause, nowMs) : 0;
  return (
    <p class={late > 0 ? "effect fault" : "effect"} role="status">
      {refusal && isUnread
        ? `${showCallers(snapshot.waiters)} waiting. ${refusal.detail}.`
        : pauseWords(late, waiters.length, omitted > 0, snapshot.permits !== undefined)}
    </p>
  );
}

function refusalAt(field: string, message: string): CallRefusal {
  return { ok: false, reason: "invalid-request", detail: message, errors: [{ field, message }] };
}
