/** A field of a form, with its label and with what is wrong with it. */
import type { VNode } from "preact";

/** What ties a control to its label and its fault. */
interface ControlAttributes {
  readonly id: string;
  readonly "aria-invalid": boolean;
  readonly "aria-describedby": string | undefined;
}

interface FormFieldProps {
  /** Unique on the page. */
  readonly id: string;
  readonly label: string;
  /** A word behind the control, such as its unit. */
  readonly hint?: string | undefined;
  readonly fault?: string | undefined;
  readonly children: (attributes: ControlAttributes) => VNode;
}

/** The control is what `children` makes of its attributes. */
export function FormField({ id, label, hint, fault, children }: FormFieldProps): VNode {
  const noteId = `${id}-note`;
  const hasNote = hint !== undefined || fault !== undefined;
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children({
        id,
        "aria-invalid": fault !== undefined,
        "aria-describedby": hasNote ? noteId : undefined,
      })}
      <p id={noteId} class={fault === undefined ? "hint" : "fault"}>
        {fault === undefined ? hint : `${fault}.`}
      </p>
    </div>
  );
}
