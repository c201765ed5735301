/**
 * How failures of the object begin that the Worker has to tell from others: of an error that crosses the
 * border only the message is certain.
 */

/** The reason an instance gives when it ends itself because its disk takes nothing. */
export const UNWRITABLE = "Cannot write the bucket's state";

/** How the message begins where the state cannot be read: the Worker is told by it, too. */
export const UNREADABLE_STATE = "Cannot read the bucket's state";
