/**
 * An acquire that is given up in the moment in which it is granted: nobody gets the grant, and its permit
 * would be out until its time is up. So the client asks for the grant again, by its key, and gives back
 * what it has left open.
 */
import type { Call, Connection } from "../transport/connection.ts";
/**
 * Sends the cancel call and, if nothing was waiting, gives back the hold and the permit of what `acquire`
 * was granted. Resolves within a few seconds; never rejects.
 *
 * @param acquire The call that was given up, with a key that nobody else knows.
 */
export declare function abandonGrant(connection: Connection, cancel: Call, acquire: Call, bucket: string): Promise<void>;
/** Gives back the hold and the permit of a grant that nobody wants. Resolves within seconds; never rejects. */
export declare function returnGrant(connection: Connection, bucket: string, grant: unknown): Promise<void>;
