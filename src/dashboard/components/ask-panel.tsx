/** What a visitor can do: ask, once or ten times at once, and give up. */
import type { VNode } from "preact";

import { useState } from "preact/hooks";

import { showCallers, showCount } from "../format.ts";

/** As many as the exercise that Sluice grew from lets ask at once. */
const CROWD = 10;

interface AskPanelProps {
  readonly capacity: number;
  /** How many more callers the browser can hold. */
  readonly free: number;
  /** Of the page's own callers. */
  readonly waiting: number;
  /** What came of what was done last; read out when it changes. */
  readonly said: string;
  readonly onAsk: (count: number, tokens: number) => void;
  readonly onCancel: () => void;
}

/** The buttons. None of them is ever disabled, so that none vanishes under the keyboard. */
export function AskPanel(props: AskPanelProps): VNode {
  const { capacity, free, waiting, said, onAsk, onCancel } = props;
  const [text, setText] = useState("1");
  const [hint, setHint] = useState<string>();
  const ask = (count: number): void => {
    const tokens = Number(text);
    if (!Number.isInteger(tokens) || tokens < 1 || tokens > capacity) {
      setHint(`Tokens each must be 1 to ${showCount(capacity)}: got "${text}"`);
    } else if (count > free) {
      setHint(`This page holds ${showCallers(waiting)}: there is room for ${showCount(free)} more`);
    } else {
      setHint(undefined);
      onAsk(count, tokens);
    }
  };
  const cancel = (): void => {
    setHint(waiting === 0 ? "Nobody from this page waits" : undefined);
    onCancel();
  };
  return (
    <section class="card ask" aria-labelledby="ask-title">
      <h2 id="ask-title">Ask for tokens</h2>
      <div class="buttons">
        <button type="button" onClick={() => ask(1)}>
          Acquire one
        </button>
        <button type="button" onClick={() => ask(CROWD)}>
          Ten at once
        </button>
        <button type="button" class="quiet" aria-disabled={waiting === 0} onClick={cancel}>
          Cancel those that wait
        </button>
      </div>
      {capacity > 1 && (
        <p class="each">
          <label for="tokens">Tokens each</label>
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
        {hint ?? said}
      </p>
    </section>
  );
}
