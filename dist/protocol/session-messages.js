/** The subprotocol that both ends speak. */
export const SESSION_SUBPROTOCOL = "sluice.v1";
/** The largest frame to Sluice, in bytes of UTF-8. What Sluice sends in one frame may be longer. */
export const MAX_FRAME_BYTES = 65_536;
/** The most messages in a frame to Sluice. */
export const MAX_FRAME_MESSAGES = 1_000;
/**
 * How Sluice closes a session, beside the protocol's own codes (RFC 6455, 7.4.1): `restarting` is 1012, and the
 * client may come back at once, with its tickets.
 */
export const sessionCloseCodes = { tooLarge: 1009, restarting: 1012, tooSlow: 4408 };
