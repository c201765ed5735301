/** The visitor's controls: acquire, once or ten times at once, and cancel. */
import type { VNode } from "preact";

import { useState } from "preact/hooks";

import { showCallers, showCount } from "../format.ts";

/** The number of concurrent callers in the exercise that Sluice grew from. */
const CROWD = 10;

interface AskPanelProps {
  readonly capacity: number;
  /** How many more callers the browser can keep waiting. */
  readonly free: number;
  /** Number of the page's own callers that wait. */
  readonly waiting: number;
  /** Result of the last action; announced to screen readers when it changes. */
  readonly status: string;
  readonly onAsk: (count: number, tokens: number) => void;
  readonly onCancel: () => void;
}

/** The buttons. None is ever disabled, so that keyboard focus is never lost. */
export function AskPanel(props: AskPanelProps): VNode {
  const { capacity, free, waiting, status, onAsk, onCancel } = props;
  const [text, setText] = useState("1");
  const [hint, setHint] = useState<string>();
  const ask = (count: number): void => {
    const tokens = Number(text);
    if (!Number.isInteger(tokens) || tokens < 1 || tokens > capacity) {
      setHint(`Tokens per caller must be 1 to ${showCount(capacity)}: got "${text}"`);
    } else if (count > free) {
      setHint(
        `This page already has ${showCallers(waiting)} waiting: it can add ${showCount(free)} more`,
      );
    } else {
      setHint(undefined);
      onAsk(count, tokens);
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
          Cancel waiting callers
        </button>
      </div>
      {capacity > 1 && (
        <p class="each">
          <label for="tokens">Tokens per caller</label>
          <input
            id="tokens"
            type="number"
            inputMode="numeric"
            min={1}
            max={capacity}
            value={text}
            onInput={({ currentTarget }) => setText(currentTarget.value)}
          />
        </p>
      )}
      <p class="said" role="status">
        {hint ?? status}
      </p>
    </section>
  );
}
