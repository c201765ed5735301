/**
 * What a ticket looks like from outside. Only its own bucket can say whether it is genuine; a text of another
 * form needs no bucket to be refused.
 */
/** The longest ticket, in characters: tokens of every limit that a bucket can have take 750. */
const MAX_LENGTH = 1_024;
/** The version, what is stated, and the signature, each of the two in base64url. */
const TICKET = /^v1\.[\w-]+\.[\w-]{22}$/;
/** The request header with a ticket. */
export const TICKET_FIELD = "Sluice-Ticket";
/** Says what `isTicketForm` requires, after a field's name. */
export const TICKET_RULE = "must be the ticket of a queued event, as it was sent";
/** Whether a text could be a ticket. */
export function isTicketForm(text) {
    return typeof text === "string" && text.length <= MAX_LENGTH && TICKET.test(text);
}
