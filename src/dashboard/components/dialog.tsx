/** A question in front of the page. */
import type { ComponentChildren, VNode } from "preact";

import { useLayoutEffect, useRef } from "preact/hooks";

interface DialogProps {
  /** Unique on the page. */
  readonly id: string;
  readonly title: string;
  /** Whether it needs the width of a form with many fields. */
  readonly isWide?: boolean;
  /** Called when the visitor leaves it, such as by Escape. */
  readonly onClose: () => void;
  readonly children: ComponentChildren;
}

/**
 * Open as long as it is part of the page. The browser keeps the focus within it; then the focus is where it was.
 */
export function Dialog({ id, title, isWide = false, onClose, children }: DialogProps): VNode {
  const dialog = useRef<HTMLDialogElement>(null);
  // It is closed while it is still part of the page, or the focus would be lost with it.
  useLayoutEffect(() => {
    const shown = dialog.current;
    shown?.showModal();
    return (): void => shown?.close();
  }, []);
  return (
    <dialog
      ref={dialog}
      class={isWide ? "wide" : ""}
      aria-labelledby={`${id}-title`}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClose={onClose}
    >
      <h2 id={`${id}-title`}>{title}</h2>
      {children}
    </dialog>
  );
}
