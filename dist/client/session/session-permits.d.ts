/**
 * The permits that were granted on a session. Sluice keeps them for as long as the session lives, however long that
 * is. But their holder has asked for so much time, and nobody else should wait for longer; so here, they end when
 * that is over, unless their holder has extended them.
 */
import type { GrantedPermit } from "../../core/outcome.ts";
/** The live permits of one session. */
export declare class SessionPermits {
    #private;
    /** @param onExpired Called when the time of a permit is up. It isn't among them any more. */
    constructor(onExpired: (id: string) => void);
    get size(): number;
    /** The ids of the permits, in order of their grants. */
    get ids(): string[];
    has(id: string): boolean;
    /** @param grantedAtMs When it was granted, by the clock of Sluice. */
    granted({ id, expiresAtMs }: GrantedPermit, grantedAtMs: number): void;
    /** Its holder has extended it. */
    extended(id: string): void;
    /** It was released, or is lost. */
    ended(id: string): void;
    /** Forgets all of them. */
    clear(): void;
}
