/** Copies a text. */
import type { VNode } from "preact";

import { useEffect, useState } from "preact/hooks";

/** How long the button says what it did, in milliseconds. */
const SAID_MS = 2_000;

/** A button that says what came of it. */
export function CopyButton({
  text,
  what,
}: {
  readonly text: string;
  readonly what: string;
}): VNode {
  const [said, setSaid] = useState<string>();
  useEffect(() => {
    if (said === undefined) return undefined;
    const timer = setTimeout(() => setSaid(undefined), SAID_MS);
    return (): void => clearTimeout(timer);
  }, [said]);
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text);
      setSaid("Copied");
    } catch {
      // Without HTTPS there is no clipboard, and a visitor may forbid it.
      setSaid("Can't copy");
    }
  };
  return (
    <>
      <button type="button" class="quiet small" onClick={() => void copy()}>
        {said ?? "Copy"}
        <span class="unseen"> {what}</span>
      </button>
      <span class="unseen" role="status">
        {said}
      </span>
    </>
  );
}
