/** Why a limiter refuses, in the order in which lists and documents show the reasons. */
export const limiterReasons = [
    "exceeds-capacity",
    "timeout",
    "queue-full",
    "holds-full",
    "bucket-reset",
    "unavailable",
];
