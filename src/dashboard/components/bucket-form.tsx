/** Chooses another bucket, by its name. */
import type { TargetedSubmitEvent, VNode } from "preact";

import { useRef, useState } from "preact/hooks";

import { urlOfBucket } from "../address.ts";

/** The browser would take these, even encoded, for steps in the path. */
const STEPS = new Set([".", ".."]);

interface BucketFormProps {
  /** Where Sluice is, with a slash at the end. */
  readonly base: string;
  /** The one that is shown. */
  readonly bucket: string;
}

/** A field and a button. What names are legal is the service's to say. */
export function BucketForm({ base, bucket }: BucketFormProps): VNode {
  const field = useRef<HTMLInputElement>(null);
  const [fault, setFault] = useState<string>();
  const submit = (event: TargetedSubmitEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const name = field.current?.value.trim() ?? "";
    if (name === "") setFault("A bucket has a name");
    else if (STEPS.has(name)) setFault(`"${name}" cannot be written in an address`);
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
