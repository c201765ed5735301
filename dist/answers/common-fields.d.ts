/**
 * Header fields of every answer, wherever it is made; pages for people replace some of them. Sluice serves
 * data to programs, so nothing may cache its answers, and browsers must neither display nor frame them, nor
 * guess their type, nor share them with other sites.
 *
 * They are a constant that goes into each response as it is built, in the object and in the Worker. A
 * middleware that added them later would have to copy the object's responses, whose headers are immutable:
 * measured on workerd, that costs up to 8 % more processor time per acquire.
 */
export declare const COMMON_FIELDS: {
    readonly "Cache-Control": "no-store";
    readonly "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'";
    readonly "Cross-Origin-Resource-Policy": "same-origin";
    readonly "Referrer-Policy": "no-referrer";
    readonly "Strict-Transport-Security": "max-age=31536000";
    readonly "X-Content-Type-Options": "nosniff";
    readonly "X-Frame-Options": "DENY";
};
/** Fields that scripts of other origins may read, for `Access-Control-Expose-Headers`. */
export declare const EXPOSED_FIELDS = "RateLimit, RateLimit-Policy, Retry-After";
