/** For answers of an address at which browsers get a page instead. */
export declare const VARY: {
    Vary: string;
};
/** The weight of `type`, from 0 to 1, given by the most specific range that covers it. */
export declare function qualityOf(accepted: string, type: string): number;
/** Whether `type` itself is listed and acceptable, rather than covered by a wildcard. */
export declare function isNamed(accepted: string, type: string): boolean;
