/** Asks for the token that this deployment asks for. */
import type { TargetedSubmitEvent, VNode } from "preact";

import { useRef, useState } from "preact/hooks";

import { API_KEY_RULE, isApiKey } from "../../protocol/api-key.ts";

interface TokenFormProps {
  /** What the service said. */
  readonly detail: string;
  /** A token was sent, and was not good enough. */
  readonly hadToken: boolean;
  readonly onToken: (token: string) => void;
}

/** A field, and why it is there. */
export function TokenForm({ detail, hadToken, onToken }: TokenFormProps): VNode {
  const field = useRef<HTMLInputElement>(null);
  const [fault, setFault] = useState<string>();
  const submit = (event: TargetedSubmitEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const token = field.current?.value.trim() ?? "";
    if (isApiKey(token)) onToken(token);
    else setFault(`A token is ${API_KEY_RULE}`);
  };
  return (
    <section class="card notice" aria-labelledby="token-title">
      <h2 id="token-title">This deployment asks for a token</h2>
      <p>
        It takes one that may <em>read</em> this bucket, to show it, and <em>acquire</em>, to ask
        it: one of its <code>API_TOKEN</code>.
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
        <button type="submit">Use it</button>
      </form>
      <p id="token-fault" class="fault" role="alert">
        {fault ?? (hadToken ? `${detail}.` : "")}
      </p>
      <p id="token-note" class="note">
        It is kept in this tab until you close it, and never put in an address.
      </p>
    </section>
  );
}
