/** A card with a heading. */
import type { ComponentChildren, VNode } from "preact";

interface SectionProps {
  /** Unique on the page. */
  readonly id: string;
  readonly title: string;
  /** Whether it takes the width of the page. */
  readonly isWide?: boolean;
  readonly children: ComponentChildren;
}

/** The card, named by its heading. */
export function Section({ id, title, isWide = false, children }: SectionProps): VNode {
  return (
    <section class={isWide ? "card wide" : "card"} aria-labelledby={`${id}-title`}>
      <h2 id={`${id}-title`}>{title}</h2>
      {children}
    </section>
  );
}
