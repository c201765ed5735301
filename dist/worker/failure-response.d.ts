/** The answer to `caller`, whose call has thrown `error`. */
export declare function errorResponse(error: unknown, caller: Pick<Request, "signal"> | undefined): Response;
/** The answer to everyone while the configuration is illegal; `error` says what is wrong. */
export declare function illegalConfigurationResponse(error: unknown): Response;
/** The answer when Sluice itself fails. */
export declare function failureResponse(error: unknown): Response;
