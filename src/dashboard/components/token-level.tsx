/** Tokens as countable drops, or as a bar if there are many. */
import type { VNode } from "preact";

/** Up to this many tokens are drawn individually. */
const MAX_DROPS = 24;

interface TokenLevelProps {
  readonly tokens: number;
  readonly capacity: number;
  /** What is drawn, for screen readers. */
  readonly label: string;
}

/** The tokens, drawn individually if there are few. */
export function TokenLevel({ tokens, capacity, label }: TokenLevelProps): VNode {
  if (capacity > MAX_DROPS) {
    return <progress class="level" max={capacity} value={tokens} aria-label={label} />;
  }
  return (
    <div class="drops" aria-hidden="true">
      {Array.from({ length: capacity }, (_, index) => (
        <span key={index} class={index < tokens ? "drop full" : "drop"} />
      ))}
    </div>
  );
}
