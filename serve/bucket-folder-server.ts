/**
 * Where the Worker asks its launcher about the files of the buckets, on a socket that nobody else reaches.
 * No request of a caller comes here but a deletion, and what a bucket that cannot be reached is asked.
 *
 *   GET /ID      {"path":"…","fault":"…"}: where the file is, and what is wrong with it if anything is
 *   DELETE /ID   204 once its files are out of the way, 409 where workerd has them open
 *   POST /ID     204: the bucket holds nothing any more, its file may go
 */
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";

import type { BucketFolder } from "./bucket-folder.ts";

/** The id of an object. */
const PATH = /^\/([0-9a-f]{64})$/;

/** Answers for `folder` on the socket, until the signal is aborted. Resolves when it listens. */
export async function serveBucketFolder(
  folder: BucketFolder,
  socketPath: string,
  signal: AbortSignal,
): Promise<void> {
  const server = createServer((request, response) => {
    answer(folder, request, response).catch((error: unknown) => {
      console.error(error);
      response.writeHead(500).end();
    });
  });
  server.listen(socketPath);
  await once(server, "listening");
  signal.addEventListener("abort", () => {
    server.close();
    server.closeAllConnections();
  });
  if (signal.aborted) server.close();
}

async function answer(
  folder: BucketFolder,
  { method = "", url = "" }: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const [, id] = PATH.exec(url) ?? [];
  if (id === undefined) {
    response.writeHead(404).end();
    return;
  }
  switch (method) {
    case "GET": {
      const body = JSON.stringify({ path: folder.pathOf(id), fault: folder.faultOf(id) });
      response.writeHead(200, { "Content-Type": "application/json" }).end(body);
      return;
    }
    case "DELETE":
      response.writeHead((await folder.setAside(id)) === "done" ? 204 : 409).end();
      return;
    case "POST":
      folder.noteEmptied(id);
      response.writeHead(204).end();
      return;
    default:
      response.writeHead(405).end();
  }
}
