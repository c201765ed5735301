/** Asks for an API key if the deployment requires one. */
import type { TargetedSubmitEvent, VNode } from "preact";

import { useEffect, useRef, useState } from "preact/hooks";

import { API_KEY_RULE, isApiKey } from "../../protocol/api-key.ts";

interface TokenFormProps {
  /** The service's message. */
  readonly detail: string;
  /** Whether a key was sent and not accepted. */
  readonly hadToken: boolean;
  readonly onToken: (token: string) => void;
}

/** A field, with an explanation. */
export function TokenForm({ detail, hadToken, onToken }: TokenFormProps): VNode {
  const field = useRef<HTMLInputElement>(null);
  const [fault, setFault] = useState<string>();
  useEffect(() => {
    if (hadToken) field.current?.focus();
  }, []);
  const submit = (event: TargetedSubmitEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const token = field.current?.value.trim() ?? "";
    if (isApiKey(token)) {
      onToken(token);
      // The form goes, and must not take the focus with it.
      document.querySelector("h1")?.focus();
    } else setFault(`An API key must be ${API_KEY_RULE}`);
  };
  return (
    <section class="card notice" aria-labelledby="token-title">
      <h2 id="token-title">This deployment requires an API key</h2>
      <p>
        It is one of <code>API_TOKEN</code>, with the right <em>read</em> to see buckets, and{" "}
        <em>acquire</em> to take their tokens from here.
      </p>
      <form class="token-form" onSubmit={submit} noValidate>
        <label for="token">API key</label>
        <input
          ref={field}
          id="token"
          name="token"
          type="password"
          autocomplete="off"
          aria-invalid={fault !== undefined}
          aria-describedby="token-fault token-note"
        />
        <button type="submit">Use this key</button>
      </form>
      <p id="token-fault" class="fault" role="alert">
        {fault ?? (hadToken ? faultOfKey(detail) : "")}
      </p>
      <p id="token-note" class="note">
        It is kept in this tab until you close it, and never appears in a URL.
      </p>
    </section>
  );
}

/** What is wrong with a key that was sent: it isn't one, or it may not do this. */
function faultOfKey(detail: string): string {
  const [, right] = /lacks the right "(\w+)"/.exec(detail) ?? [];
  if (right !== undefined) return `This API key lacks the right “${right}”: use another one`;
  return "This API key is wrong: check it for typos, or ask for another";
}
