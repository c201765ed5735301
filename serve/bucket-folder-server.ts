/**
 * The launcher's HTTP API for the files of the buckets, which the Worker calls on a private socket. Only
 * two kinds of callers' requests lead here: deleting a bucket, and asking a bucket that can't be reached.
 *
 *   GET /ID      {"path":"…","fault":"…"}: the file's path, and its fault if it has one
 *   DELETE /ID   204 once its files are set aside, 409 if workerd has them open
 */
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";

import type { BucketFolder } from "./bucket-folder.ts";

/** The path is the ID of a Durable Object. */
const PATH = /^\/([0-9a-f]{64})$/;

/** Serves `folder` on the socket until the signal is aborted. Resolves when it listens. */
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
    default:
      response.writeHead(405).end();
  }
}
