/**
 * Header fields of every answer, wherever it is made; pages for people replace some of them. Sluice serves
 * data to programs, so nothing may cache its answers, and browsers must neither display nor frame them, nor
 * guess their type, nor share them with other sites.
 *
 * They are a constant that goes into each response as it is built, in the object and in the Worker. A
 * middleware that added them later would have to copy the object's responses, whose headers are immutable:
 * measured on workerd, that costs up to 8 % more processor time per acquire.
 */
export const COMMON_FIELDS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    // A year. Without subdomains, which may not belong to Sluice.
    "Strict-Transport-Security": "max-age=31536000",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
};
/** Fields that scripts of other origins may read, for `Access-Control-Expose-Headers`. */
export const EXPOSED_FIELDS = "RateLimit, RateLimit-Policy, Retry-After";
