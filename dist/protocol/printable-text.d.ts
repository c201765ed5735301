/** Texts that callers and operators write for operators to read: the label of an acquire, the note of an override. */
import type { FieldFault } from "../core/values.ts";
/** A text of so many printable characters. */
interface PrintableText {
    /** The most characters, as people count: code points. */
    readonly max: number;
}
/** What a caller calls itself. */
export declare const label: PrintableText;
/** Why an operator has overridden a policy. */
export declare const note: PrintableText;
/** The pattern of such a text, as JSON Schema has it: with `u`. */
export declare function patternOf({ max }: PrintableText): string;
/** Whether `value` is such a text. An empty one is as good as none. */
export declare function isPrintable(value: unknown, text: PrintableText): value is string;
/** What is wrong with a value that is not such a text. */
export declare function printableFault(field: string, value: unknown, { max }: PrintableText): FieldFault;
export {};
