/**
 * What a ticket looks like from outside. Only its own bucket can say whether it is genuine; a text of another
 * form needs no bucket to be refused.
 */
/** The request header with a ticket. */
export declare const TICKET_FIELD = "Sluice-Ticket";
/** Says what `isTicketForm` requires, after a field's name. */
export declare const TICKET_RULE = "must be the ticket of a queued event, as it was sent";
/** Whether a text could be a ticket. */
export declare function isTicketForm(text: unknown): text is string;
