/** Asks for a token if the deployment requires one. */
import type { TargetedSubmitEvent, VNode } from "preact";

import { useRef, useState } from "preact/hooks";

import { API_KEY_RULE, isApiKey } from "../../protocol/api-key.ts";

interface TokenFormProps {
  /** The service's message. */
  readonly detail: string;
  /** Whether a token was sent and not accepted. */
  readonly hadToken: boolean;
  readonly onToken: (token: string) => void;
}

/** A field, with an explanation. */
export function TokenForm({ detail, hadToken, onToken }: TokenFormProps): VNode {
  const field = useRef<HTMLInputElement>(null);
  const [fault, setFault] = useState<string>();
  const submit = (event: TargetedSubmitEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const token = field.current?.value.trim() ?? "";
    if (isApiKey(token)) onToken(token);
    else setFault(`A token must be ${API_KEY_RULE}`);
  };
  return (
    <section class="card notice" aria-labelledby="token-title">
      <h2 id="token-title">This deployment requires a token</h2>
      <p>
        Use an API key with the rights <em>read</em>, to show this bucket, and <em>acquire</em>, to
        call it: one of <code>API_TOKEN</code>.
      </p>
      <form class="token-form" onSubmit={submit} noValidate>
        <label for="token">Token</label>
        <input
          ref={field}
          id="token"
          name="token"
          type="password"
          autocomplete="off"
          aria-invalid={fault !== undefined}
          aria-describedby="token-fault token-note"
        />
        <button type="submit">Use token</button>
      </form>
      <p id="token-fault" class="fault" role="alert">
        {fault ?? (hadToken ? `${detail}.` : "")}
      </p>
      <p id="token-note" class="note">
        It is kept in this tab until you close it, and never appears in a URL.
      </p>
    </section>
  );
}
