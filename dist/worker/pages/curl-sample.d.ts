/** A command for a shell that makes a call of the HTTP interface. */
import type { Operation } from "./openapi-types.ts";
/** Where samples expect the address of Sluice. */
export declare const ADDRESS_VARIABLE = "SLUICE";
interface DescribedOperation {
    readonly method: string;
    readonly path: string;
    readonly operation: Operation;
}
/** The command. It reads the address and the API key from variables. */
export declare function curlSample({ method, path, operation }: DescribedOperation): string;
export {};
