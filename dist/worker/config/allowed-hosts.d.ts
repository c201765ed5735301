/** The names that the variable lists. */
export declare class AllowedHosts {
    #private;
    private constructor();
    /**
     * Reads the variable's value: names separated by white space. An empty value allows only `localhost` and
     * addresses. Returns `undefined` if any name will do, because the variable is unset or `*`.
     *
     * @throws {RangeError} If the value is illegal, showing the name.
     */
    static read(value: unknown): AllowedHosts | undefined;
    /** Whether a request with this URL may be answered. */
    allows(url: string): boolean;
}
/** Host and port of a request's URL as they were sent: not every runtime has parsed them. */
export declare function hostIn(url: string): string;
