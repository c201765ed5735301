/** The visitor's controls: acquire, once or ten times at once, and cancel. */
import type { VNode } from "preact";

import { useState } from "preact/hooks";

import type { KnownAsk } from "../../client/watch/forecast.ts";

import type { Said } from "./use-operator.ts";

import { showCallers, showCount } from "../format.ts";
import { Outcome } from "./outcome.tsx";

/** The number of concurrent callers in the exercise that Sluice grew from. */
export const CROWD = 10;
/** Tokens of each limit until the visitor has typed others. */
const DEFAULT_TEXT = "1";

/** The capacity of each limit, by name and in order. */
export type Capacities = readonly (readonly [name: string, capacity: number])[];

interface AskPanelProps {
  readonly capacities: Capacities;
  /** How many more callers the browser can keep waiting. */
  readonly free: number;
  /** Number of the page's own callers that wait. */
  readonly waiting: number;
  /** Result of the last action; announced to screen readers when it changes. */
  readonly status: Said;
  readonly onAsk: (count: number, ask: KnownAsk) => void;
  readonly onCancel: () => void;
}

/** The buttons. None is ever disabled, so that keyboard focus is never lost. */
export function AskPanel(props: AskPanelProps): VNode {
  const { capacities, free, waiting, status, onAsk, onCancel } = props;
  const [texts, setTexts] = useState<Texts>({});
  const [hint, setHint] = useState<string>();
  const ask = (count: number): void => {
    const fault = faultOf(capacities, texts);
    if (fault !== undefined) {
      setHint(fault);
    } else if (count > free) {
      setHint(
        `This page already has ${showCallers(waiting)} waiting: it can add ${showCount(free)} more`,
      );
    } else {
      setHint(undefined);
      onAsk(count, askOf(capacities, texts));
    }
  };
  const cancel = (): void => {
    setHint(waiting === 0 ? "No callers from this page are waiting" : undefined);
    onCancel();
  };
  return (
    <section class="card ask" aria-labelledby="ask-title">
      <h2 id="ask-title">Acquire tokens</h2>
      <div class="buttons">
        <button type="button" onClick={() => ask(1)}>
          Acquire one
        </button>
        <button type="button" onClick={() => ask(CROWD)}>
          Ten at once
        </button>
        <button type="button" class="quiet" aria-disabled={waiting === 0} onClick={cancel}>
          Cancel mine
        </button>
      </div>
      {needsNumbers(capacities) && (
        <fieldset class="each">
          {capacities.length > 1 && <legend>Tokens per caller</legend>}
          {capacities.map(([name, capacity]) => (
            <p key={name}>
              <label for={`tokens-${name}`}>{fieldName(capacities, name)}</label>
              <input
                id={`tokens-${name}`}
                type="number"
                inputMode="numeric"
                min={leastOf(capacities)}
                max={capacity}
                value={texts[name] ?? DEFAULT_TEXT}
                onInput={({ currentTarget }) => {
                  setTexts((before) => ({ ...before, [name]: currentTarget.value }));
                }}
              />
            </p>
          ))}
        </fieldset>
      )}
      <Outcome said={hint === undefined ? status : { text: hint, isFault: true }} />
    </section>
  );
}

type Texts = Readonly<Record<string, string>>;

/** A bucket that holds one token leaves nothing to choose. */
function needsNumbers(capacities: Capacities): boolean {
  return capacities.length > 1 || capacities.some(([, capacity]) => capacity > 1);
}

/** With several limits, a caller may take nothing of one of them. */
function leastOf(capacities: Capacities): number {
  return capacities.length > 1 ? 0 : 1;
}

function fieldName(capacities: Capacities, name: string): string {
  return capacities.length > 1 ? name : "Tokens per caller";
}

/** What is wrong with the numbers; `undefined` if nothing is. */
function faultOf(capacities: Capacities, texts: Texts): string | undefined {
  const least = leastOf(capacities);
  for (const [name, capacity] of capacities) {
    const text = texts[name] ?? DEFAULT_TEXT;
    const tokens = text === "" ? Number.NaN : Number(text);
    if (!Number.isInteger(tokens) || tokens < least || tokens > capacity) {
      const field = capacities.length > 1 ? `Tokens of ${name}` : "Tokens per caller";
      return `${field} must be ${least} to ${showCount(capacity)}: got "${text}"`;
    }
  }
  const isNothing = capacities.every(([name]) => Number(texts[name] ?? DEFAULT_TEXT) === 0);
  return isNothing ? "A caller must take a token of one limit at least" : undefined;
}

/** The numbers as a request has them: limits that take what all take are not named. */
function askOf(capacities: Capacities, texts: Texts): KnownAsk {
  const counts = capacities.map(([name]) => [name, Number(texts[name] ?? DEFAULT_TEXT)] as const);
  const tokens = counts[0]?.[1] ?? 1;
  const named = counts.filter(([, count]) => count !== tokens);
  return { tokens, ...(named.length > 0 && { limits: Object.fromEntries(named) }) };
}
