import { invalidRequestResponse } from "../../answers/acquire-response.js";
import { faultsAsWritten } from "../../core/human-units.js";
import { showValue } from "../../core/values.js";
import { compileChanges } from "../../core/written-policy.js";
import { isPrintable, note as noteText, printableFault } from "../../protocol/printable-text.js";
import { readJsonObject } from "../http/json-body.js";
import { jsonResponse } from "../../answers/json-response.js";
import { jsonAnswer } from "./call.js";
export const setPolicy = {
    method: "PUT",
    path: "/buckets/{name}",
    operationId: "setPolicy",
    tag: "Buckets",
    summary: "Override a bucket's policy",
    description: "Overrides the configured policy until the override is dropped or the bucket is reset. Tokens beyond the new capacity are dropped. Waiters keep their order and are rescheduled. `note` says why, and is shown with the bucket.",
    right: "admin",
    body: {
        isRequired: true,
        schema: { $ref: "#/components/schemas/PolicyChange" },
        example: {
            limit: "60/1m",
            limits: {
                tpm: { limit: "90000/1m" },
                day: { capacity: 1000, every: "day", timeZone: "Europe/Berlin" },
                hour: null,
            },
            note: "Black Friday",
        },
    },
    answers: { 200: jsonAnswer("The bucket after the change.", "Snapshot") },
    handleBucket: async (bucket, { request }) => {
        const changed = await changePolicy(bucket, await readJsonObject(request));
        return changed instanceof Response ? changed : jsonResponse(changed);
    },
};
/** The bucket under its new policy; or the refusal, with everything that is wrong with `body`. */
export async function changePolicy(bucket, body) {
    const { compiled, note, faults } = readPolicyChange(body);
    if (faults.length > 0)
        return invalidRequestResponse(faults);
    const changed = await bucket.changePolicy(compiled.fields, note);
    return changed.ok
        ? changed.snapshot
        : invalidRequestResponse(faultsAsWritten(compiled, changed.errors));
}
/** What a body says of a policy and of its change, and all that is wrong with it as far as it can be told here. */
function readPolicyChange({ note, ...changes }) {
    const { compiled, faults } = compileChanges(changes);
    if (note === undefined)
        return { compiled, note, faults };
    if (!isPrintable(note, noteText)) {
        return {
            compiled,
            note: undefined,
            faults: [...faults, printableFault("note", note, noteText)],
        };
    }
    if (Object.keys(changes).length === 0) {
        const message = `note needs a field of the policy that it is about: got note ${showValue(note)} alone`;
        return { compiled, note, faults: [{ field: "note", message }] };
    }
    return { compiled, note: note === "" ? undefined : note, faults };
}
