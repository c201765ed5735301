/** Switches to another bucket by name. */
import type { TargetedSubmitEvent, VNode } from "preact";

import { useRef, useState } from "preact/hooks";

import { urlOfBucket } from "../address.ts";

/** Browsers treat these as path steps, even when encoded. */
const STEPS = new Set([".", ".."]);

interface BucketFormProps {
  /** URL of Sluice, with a trailing slash. */
  readonly base: string;
  /** The bucket that is shown. */
  readonly bucket: string;
}

/** A field and a button. The service decides which names are legal. */
export function BucketForm({ base, bucket }: BucketFormProps): VNode {
  const field = useRef<HTMLInputElement>(null);
  const [fault, setFault] = useState<string>();
  const submit = (event: TargetedSubmitEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const name = field.current?.value.trim() ?? "";
    if (name === "") setFault("Enter a bucket name");
    else if (STEPS.has(name)) setFault(`"${name}" cannot be part of a URL`);
    else location.assign(urlOfBucket(base, name));
  };
  return (
    <form class="bucket-form" onSubmit={submit} noValidate>
      <label for="bucket">Bucket</label>
      <input
        ref={field}
        id="bucket"
        name="bucket"
        defaultValue={bucket}
        autocomplete="off"
        autocapitalize="off"
        spellcheck={false}
        maxLength={128}
        aria-invalid={fault !== undefined}
        aria-describedby={fault === undefined ? undefined : "bucket-fault"}
      />
      <button type="submit" class="quiet">
        Show
      </button>
      {fault !== undefined && (
        <p id="bucket-fault" class="fault" role="alert">
          {fault}
        </p>
      )}
    </form>
  );
}
