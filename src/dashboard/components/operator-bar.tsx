/** What an operator can do with the bucket, and what came of it. */
import type { VNode } from "preact";

import type { BucketView } from "../bucket-view.ts";
import type { Operator } from "./use-operator.ts";

import { Outcome } from "./outcome.tsx";
import { PauseControl } from "./pause-control.tsx";
import { PolicyEditor } from "./policy-editor.tsx";
import { ResetControl } from "./reset-dialog.tsx";

interface OperatorBarProps {
  readonly operator: Operator;
  readonly view: BucketView;
}

/** Buttons. Everybody sees them: those that need a key ask for it. */
export function OperatorBar({ operator, view }: OperatorBarProps): VNode {
  const { snapshot } = view;
  return (
    <div class="operator">
      <div class="buttons" role="group" aria-label="Change the bucket">
        <PauseControl operator={operator} view={view} />
        <PolicyEditor operator={operator} snapshot={snapshot} />
        <ResetControl operator={operator} snapshot={snapshot} />
        {operator.hasKey && (
          <button
            type="button"
            class="quiet"
            onClick={({ currentTarget }) => {
              // It goes, and must not take the focus with it.
              currentTarget.parentElement?.querySelector("button")?.focus();
              operator.forgetKey();
            }}
          >
            Forget admin key
          </button>
        )}
      </div>
      <Outcome said={operator.said} />
    </div>
  );
}
