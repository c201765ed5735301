/** Resets the bucket, after a question that says what is lost. */
import { Fragment, type VNode } from "preact";
import { useState } from "preact/hooks";

import type { BucketSnapshot } from "../../protocol/bucket-snapshot.ts";
import type { Operator } from "./use-operator.ts";

import { showCallers, showCount } from "../format.ts";
import { Dialog } from "./dialog.tsx";

interface ResetProps {
  readonly operator: Operator;
  readonly snapshot: BucketSnapshot;
}

/** The button, and its question. */
export function ResetControl({ operator, snapshot }: ResetProps): VNode {
  const [isOpen, setIsOpen] = useState(false);
  const [fault, setFault] = useState<string>();
  const close = (): void => {
    setIsOpen(false);
    setFault(undefined);
  };
  const reset = async (): Promise<void> => {
    const result = await operator.run((key) => operator.calls.reset(key));
    if (!result) return;
    if (!result.ok) {
      setFault(result.detail);
      return;
    }
    close();
    operator.announce("The bucket was reset");
  };
  return (
    <Fragment>
      <button type="button" class="quiet" onClick={() => setIsOpen(true)}>
        Reset …
      </button>
      {isOpen && (
        <Dialog id="reset" title={`Reset ${snapshot.bucket}?`} onClose={close}>
          <p>This cannot be undone:</p>
          <ul>
            {lossesOf(snapshot).map((loss) => (
              <li key={loss}>{loss}</li>
            ))}
          </ul>
          <p class="fault" role="alert">
            {fault !== undefined && `${fault}.`}
          </p>
          <div class="buttons">
            <button type="button" class="quiet" autofocus onClick={close}>
              Keep it
            </button>
            <button type="button" class="danger" onClick={() => void reset()}>
              Reset bucket
            </button>
          </div>
        </Dialog>
      )}
    </Fragment>
  );
}

/** What a reset takes from this bucket, a sentence each. */
function lossesOf(snapshot: BucketSnapshot): string[] {
  const { waiters, permits, heldTokens = {}, policy } = snapshot;
  const isHeld = Object.values(heldTokens).some((count) => count > 0);
  const isOverridden = snapshot.override !== undefined;
  const losses = [
    waiters > 0 &&
      `${showCallers(waiters)} ${waiters === 1 ? "is" : "are"} refused now, with bucket-reset`,
    isOverridden
      ? "The configured policy is in force again, and its tokens start from the beginning"
      : `Tokens start again, with ${showCount(policy.initialTokens)}`,
    isHeld && "Holds are forgotten, and can't be settled any more",
    permits !== undefined && permits.held > 0 && permitsWords(permits.held),
    "All counts start at zero, and a retry with an idempotency key is charged again",
  ];
  return losses.filter((loss) => loss !== false);
}

function permitsWords(held: number): string {
  return held === 1
    ? "1 permit is forgotten, while its holder works on"
    : `${showCount(held)} permits are forgotten, while their holders work on`;
}
