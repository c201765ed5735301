/** Asks for the admin key, when something needs it. */
import type { TargetedSubmitEvent, VNode } from "preact";

import { useEffect, useRef, useState } from "preact/hooks";

import type { KeyQuestion } from "./use-operator.ts";

import { API_KEY_RULE, isApiKey } from "../../protocol/api-key.ts";
import { Dialog } from "./dialog.tsx";
import { FormField } from "./form-field.tsx";

/** A field. It stays open until the call has accepted a key, so that a wrong one can be mended. */
export function KeyDialog({ fault, answer }: KeyQuestion): VNode {
  const field = useRef<HTMLInputElement>(null);
  const [typo, setTypo] = useState<string>();
  // Each refusal is a new question.
  useEffect(() => {
    field.current?.focus();
    field.current?.select();
  }, [answer]);
  const submit = (event: TargetedSubmitEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const key = field.current?.value.trim() ?? "";
    setTypo(isApiKey(key) ? undefined : `A key must be ${API_KEY_RULE}`);
    if (isApiKey(key)) answer(key);
  };
  return (
    <Dialog id="key" title="This needs an admin key" onClose={() => answer(undefined)}>
      <p>
        To change a bucket, or to see what a change would do, takes a key of{" "}
        <code>ADMIN_TOKEN</code>. It is kept in this tab until you close it, and never appears in a
        URL.
      </p>
      <form onSubmit={submit} noValidate>
        <FormField id="admin-key" label="Admin key" fault={typo ?? fault}>
          {(attributes) => <input ref={field} type="password" autocomplete="off" {...attributes} />}
        </FormField>
        <div class="buttons">
          <button type="submit">Use key</button>
          <button type="button" class="quiet" onClick={() => answer(undefined)}>
            Cancel
          </button>
        </div>
      </form>
    </Dialog>
  );
}
