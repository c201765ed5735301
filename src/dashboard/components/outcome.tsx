/** What came of a press of a button, near it. */
import type { RefObject, VNode } from "preact";

import type { Said } from "./use-operator.ts";

interface OutcomeProps {
  readonly said: Said;
  /** Where the focus may be put. */
  readonly line?: RefObject<HTMLParagraphElement | null>;
}

/** A line, read out when it changes. A failure looks like one. */
export function Outcome({ said: { text, isFault }, line }: OutcomeProps): VNode {
  return (
    <p
      ref={line ?? null}
      tabIndex={line && text !== "" ? -1 : undefined}
      class={isFault ? "said fault" : "said"}
      role="status"
    >
      {text !== "" && text}
    </p>
  );
}
