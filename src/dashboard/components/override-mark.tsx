/** Says that a bucket is under a policy of its own, since when and why, and leads back. */
import { Fragment, type VNode } from "preact";
import { useRef, useState } from "preact/hooks";

import type { BucketView } from "../bucket-view.ts";
import type { Operator } from "./use-operator.ts";

import { showComing } from "../format.ts";
import { backWords, refusedWords } from "../refused-words.ts";
import { Dialog } from "./dialog.tsx";

interface OverrideMarkProps {
  readonly operator: Operator;
  readonly view: BucketView;
}

/** What an override can give way to. */
type Way = "configured" | "previous";

/** A sentence and a button; nothing if the configured policy is in force. */
export function OverrideMark({ operator, view }: OverrideMarkProps): VNode | undefined {
  const [isOpen, setIsOpen] = useState(false);
  const [effects, setEffects] = useState<Partial<Record<Way, string>>>({});
  const [fault, setFault] = useState<string>();
  const latest = useRef(view.snapshot);
  latest.current = view.snapshot;
  const { override } = view.snapshot;
  if (!override) return undefined;
  const close = (): void => {
    setIsOpen(false);
    setFault(undefined);
  };
  const ask = async (): Promise<void> => {
    const ways: Way[] = override.hasPrevious ? ["configured", "previous"] : ["configured"];
    const words: Partial<Record<Way, string>> = {};
    for (const to of ways) {
      const result = await operator.run((key) => operator.calls.dryRunBack(to, key));
      if (!result) return;
      if (result.ok) words[to] = backWords(result.value);
      else setFault(result.detail);
    }
    setEffects(words);
    setIsOpen(true);
  };
  const goBack = async (to: Way): Promise<void> => {
    let before = view.snapshot;
    const result = await operator.run((key) => {
      before = latest.current;
      return operator.calls.dropOverride(to, key);
    });
    if (!result) return;
    if (!result.ok) {
      setFault(result.detail);
      return;
    }
    close();
    // The button that had the focus goes with the override.
    await new Promise((resolve) => setTimeout(resolve));
    document.querySelector<HTMLElement>(".operator button")?.focus();
    const which = to === "configured" ? "configured policy" : "override before it";
    const refused = refusedWords(before, result.value);
    operator.announce(`The override is gone: the ${which} is in force again${refused}`);
  };
  const { atMs, note, hasPrevious } = override;
  return (
    <Fragment>
      <p class="override-mark">
        <strong>Overridden</strong>
        {atMs !== undefined && ` since ${showComing(atMs, view.atMs)}`}
        {note !== undefined && `: “${note}”`}{" "}
        <button type="button" class="inline" onClick={() => void ask()}>
          Take back …
        </button>
      </p>
      {isOpen && (
        <Dialog id="override" title="Take the override back?" onClose={close}>
          <p>
            Waiters keep their order and are rescheduled. Those that could then not be granted by
            their deadlines are refused, and those that ask for more than the bucket can hold.
            Tokens beyond its capacity are dropped.
          </p>
          <ul>
            {effects.configured !== undefined && (
              <li>With the configured policy, {effects.configured}</li>
            )}
            {effects.previous !== undefined && (
              <li>With the previous override, {effects.previous}</li>
            )}
          </ul>
          <p class="fault" role="alert">
            {fault !== undefined && `${fault}.`}
          </p>
          <div class="buttons">
            <button type="button" onClick={() => void goBack("configured")}>
              Use the configured policy
            </button>
            {hasPrevious && (
              <button type="button" class="quiet" onClick={() => void goBack("previous")}>
                Use the previous override
              </button>
            )}
            <button type="button" class="quiet" autofocus onClick={close}>
              Keep the override
            </button>
          </div>
        </Dialog>
      )}
    </Fragment>
  );
}
