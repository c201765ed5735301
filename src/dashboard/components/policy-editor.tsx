/** Edits the bucket's policy: fields, then what the change would do, then the change. */
import { Fragment, type TargetedSubmitEvent, type VNode } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

import type { BucketSnapshot } from "../../protocol/bucket-snapshot.ts";
import type { DryRun, QueuedWaiter } from "../../protocol/queued-waiter.ts";
import type { CallRefusal, PolicyChange } from "../operator-calls.ts";
import type { Operator } from "./use-operator.ts";

import { changeOf, policyForm, type EditedTexts, type PolicyField } from "../policy-form.ts";
import { refusedWords } from "../refused-words.ts";
import { Dialog } from "./dialog.tsx";
import { FormField } from "./form-field.tsx";
import { PolicyPreview } from "./policy-preview.tsx";

/** Characters of a note; see the body of a `PUT`. */
const MAX_NOTE = 200;
/** As many as the service lists. */
const MAX_WAITERS = 1_000;

interface PolicyEditorProps {
  readonly operator: Operator;
  readonly snapshot: BucketSnapshot;
}

/** The button, and its form. */
export function PolicyEditor(props: PolicyEditorProps): VNode {
  const [isOpen, setIsOpen] = useState(false);
  // Nobody should fill in a form and learn then that it takes a key.
  const open = async (): Promise<void> => {
    const result = await props.operator.run((key) => props.operator.calls.dryRun({}, key));
    if (!result) return;
    if (result.ok) setIsOpen(true);
    else props.operator.complain(result.detail);
  };
  return (
    <Fragment>
      <button type="button" class="quiet" onClick={() => void open()}>
        Edit policy …
      </button>
      {isOpen && <EditorDialog {...props} onClose={() => setIsOpen(false)} />}
    </Fragment>
  );
}

interface EditorDialogProps extends PolicyEditorProps {
  readonly onClose: () => void;
}

/** A change as it was previewed. */
interface Preview {
  readonly change: PolicyChange;
  readonly run: DryRun;
  /** The bucket at that time. */
  readonly before: BucketSnapshot;
  /** Those of whom it may speak. */
  readonly waiters: readonly QueuedWaiter[];
}

function EditorDialog({ operator, snapshot, onClose }: EditorDialogProps): VNode {
  // What is edited doesn't change under the visitor's hands.
  const [{ policy }] = useState(snapshot);
  const latest = useRef(snapshot);
  latest.current = snapshot;
  const form = useRef<HTMLFormElement>(null);
  const [edited, setEdited] = useState<EditedTexts>({});
  const [note, setNote] = useState("");
  const [preview, setPreview] = useState<Preview>();
  const [refusal, setRefusal] = useState<CallRefusal>();
  useEffect(() => {
    form.current?.querySelector<HTMLElement>("[aria-invalid=true]")?.focus();
  }, [refusal]);
  const names = policyForm(policy).flatMap(({ fields }) => fields.map(({ name }) => name));
  const edit = (name: string, text: string): void => {
    setEdited((before) => ({ ...before, [name]: text }));
    setPreview(undefined);
  };
  const submit = async (event: TargetedSubmitEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    setRefusal(undefined);
    if (preview) {
      const { change } = preview;
      let before = snapshot;
      const result = await operator.run((key) => {
        before = latest.current;
        return operator.calls.setPolicy(change, note.trim(), key);
      });
      if (result?.ok) {
        onClose();
        operator.announce(`The policy was changed${refusedWords(before, result.value)}`);
      } else if (result) setRefusal(result);
      return;
    }
    const change = changeOf(policy, edited);
    if (!change) {
      setRefusal({ ok: false, reason: "", detail: "Nothing is changed yet", errors: [] });
      return;
    }
    const result = await operator.run((key) => operator.calls.dryRun(change, key));
    if (result && !result.ok) setRefusal(result);
    if (!result?.ok) return;
    const queue = await operator.calls.waiters(MAX_WAITERS, operator.token);
    const waiters = queue.ok ? queue.value.waiters : [];
    setPreview({ change, run: result.value, before: snapshot, waiters });
  };
  return (
    <Dialog id="editor" title="Edit the policy" isWide onClose={onClose}>
      <p>
        This overrides the configured policy of this bucket until the override is taken back or the
        bucket is reset. Durations have a unit: 500ms, 30s, 5m, 2h, 1d.
      </p>
      <form ref={form} onSubmit={(event) => void submit(event)} noValidate>
        {policyForm(policy).map(({ title, fields }) => (
          <fieldset key={title} class="fields">
            <legend>{title}</legend>
            {fields.map((field) => (
              <PolicyInput
                key={field.name}
                field={field}
                text={edited[field.name] ?? field.text}
                fault={faultOf(refusal, field)}
                onEdit={(text) => edit(field.name, text)}
              />
            ))}
          </fieldset>
        ))}
        <p class="fault" role="alert">
          {otherFaults(refusal, names)}
        </p>
        {preview && (
          <PolicyPreview before={preview.before} run={preview.run} waiters={preview.waiters} />
        )}
        {preview && (
          <FormField
            id="policy-note"
            label="Note"
            hint="Why, if you like. Everyone who can read the bucket sees it."
            fault={faultAt(refusal, "note")}
          >
            {(attributes) => (
              <input
                {...attributes}
                maxLength={MAX_NOTE}
                value={note}
                onInput={({ currentTarget }) => setNote(currentTarget.value)}
              />
            )}
          </FormField>
        )}
        <div class="buttons">
          <button type="submit">{preview ? "Apply" : "Preview"}</button>
          <button type="button" class="quiet" onClick={onClose}>
            Cancel
          </button>
        </div>
      </form>
    </Dialog>
  );
}

interface PolicyInputProps {
  readonly field: PolicyField;
  readonly text: string;
  readonly fault: string | undefined;
  readonly onEdit: (text: string) => void;
}

function PolicyInput({ field, text, fault, onEdit }: PolicyInputProps): VNode {
  const { name, label, choices } = field;
  return (
    <FormField id={`policy-${name}`} label={label} fault={fault}>
      {(attributes) =>
        choices ? (
          <select
            {...attributes}
            value={text}
            onChange={({ currentTarget }) => onEdit(currentTarget.value)}
          >
            {choices.map(([value, words]) => (
              <option key={value} value={value}>
                {words}
              </option>
            ))}
          </select>
        ) : (
          <input
            {...attributes}
            autocomplete="off"
            spellcheck={false}
            value={text}
            onInput={({ currentTarget }) => onEdit(currentTarget.value)}
          />
        )
      }
    </FormField>
  );
}

/** What the server says of a field. */
function faultAt(refusal: CallRefusal | undefined, name: string): string | undefined {
  return refusal?.errors.find(({ field }) => field === name)?.message;
}

/** The same in words of the form: the server calls the field by the name that it has in a policy. */
function faultOf(
  refusal: CallRefusal | undefined,
  { name, label }: PolicyField,
): string | undefined {
  const fault = faultAt(refusal, name);
  if (!fault?.startsWith(`${name} `)) return fault;
  const called = label.toLowerCase() === name ? label : `${label} (${name})`;
  return called + fault.slice(name.length);
}

/** What is wrong besides the fields of these names, in one line. */
function otherFaults(refusal: CallRefusal | undefined, names: readonly string[]): string {
  if (!refusal) return "";
  if (refusal.errors.length === 0) return `${refusal.detail}.`;
  const others = refusal.errors.filter(({ field }) => !names.includes(field) && field !== "note");
  return others.map(({ message }) => `${message}.`).join(" ");
}
