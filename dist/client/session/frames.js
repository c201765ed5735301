/** Messages as they go out together: as few frames as Sluice's bounds allow. */
import { MAX_FRAME_MESSAGES } from "../../protocol/session-messages.js";
/** The most of a frame that is used, in bytes: 60 KiB of the 64 that Sluice takes. */
export const MAX_FRAME_LENGTH = 61_440;
/**
 * The frames of these messages, in order.
 *
 * @param messages JSON texts of ASCII, each of them shorter than a frame.
 */
export function framesOf(messages) {
    const [only] = messages;
    // Without brackets: the frame of a caller that acquires one at a time.
    if (only !== undefined && messages.length === 1)
        return [only];
    const frames = [];
    let frame = [];
    let length = 2;
    for (const message of messages) {
        const isFull = length + message.length > MAX_FRAME_LENGTH || frame.length === MAX_FRAME_MESSAGES;
        if (isFull) {
            frames.push(`[${frame.join()}]`);
            frame = [];
            length = 2;
        }
        frame.push(message);
        length += message.length + 1;
    }
    if (frame.length > 0)
        frames.push(`[${frame.join()}]`);
    return frames;
}
