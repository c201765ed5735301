/**
 * Failures of the object that the Worker has to recognise. Of an error that crosses the border only the
 * message is certain to arrive, so both sides take it from here.
 */
/** The reason an instance gives when it aborts itself because it can't write its state. */
export const UNWRITABLE = "Cannot write the bucket's state";
/** How the message of an error begins if the state can't be read. */
export const UNREADABLE_STATE = "Cannot read the bucket's state";
/** In the runtime's message when the disk is full. */
const FULL_DISK = "SQLITE_FULL";
/** Whether an error says that the object could not write its state. */
export function isUnwritable(message) {
    return message === UNWRITABLE || message.includes(FULL_DISK);
}
/** Whether an error says that the object could not read its state. */
export function isUnreadableState(message) {
    return message.startsWith(UNREADABLE_STATE);
}
