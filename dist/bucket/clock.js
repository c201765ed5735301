/** Time, as it is passed to the object's parts. They own no clock, so that a simulator can provide one. */
export {};
