/** The most of a frame that is used, in bytes: 60 KiB of the 64 that Sluice takes. */
export declare const MAX_FRAME_LENGTH = 61440;
/**
 * The frames of these messages, in order.
 *
 * @param messages JSON texts of ASCII, each of them shorter than a frame.
 */
export declare function framesOf(messages: readonly string[]): string[];
