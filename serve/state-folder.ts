/**
 * The directory that a server keeps its state in. Only one server may use it at a time: two would each
 * grant all the tokens.
 *
 *   lock.sqlite    locked by the launcher while it runs
 *   control.sock   answered by workerd while it runs
 *   http.sock      where workerd listens for the relay in front of it
 *   files.sock     answered by the launcher while it runs
 *   buckets/       what workerd stores: `sluice-BucketObject/ID.sqlite`, one for each bucket
 *   set-aside/     files of buckets that were unusable, kept for inspection
 *
 * The lock is SQLite's, because that is the only operating system lock that Node provides. The system
 * releases it however the launcher ends. workerd should have been killed with it (guard.ts); if it wasn't,
 * it still answers on its socket.
 */
import { constants } from "node:fs";
import { access, mkdir, rm } from "node:fs/promises";
import { connect } from "node:net";
import { join, resolve } from "node:path";
import { DatabaseSync } from "node:sqlite";

import { ServeError } from "./serve-error.ts";

/** SQLite's error code for a lock held by another process. */
const SQLITE_BUSY = 5;
/** Limit of a socket's path: 104 bytes with the final zero byte on macOS, 108 on Linux. */
const MAX_SOCKET_PATH_BYTES = 103;

/** A state directory that this process has locked. */
export class StateFolder implements Disposable {
  readonly dir: string;
  readonly #lock: DatabaseSync;

  private constructor(dir: string, lock: DatabaseSync) {
    this.dir = dir;
    this.#lock = lock;
  }

  /**
   * Locks the directory, creating it if missing.
   *
   * @throws {ServeError} If it can't be created or written to, or is in use.
   */
  static async take(path: string): Promise<StateFolder> {
    const dir = resolve(path);
    const socketBytes = Buffer.byteLength(join(dir, "control.sock"));
    if (socketBytes > MAX_SOCKET_PATH_BYTES) {
      const most = MAX_SOCKET_PATH_BYTES - (socketBytes - Buffer.byteLength(dir));
      const message = `--state: ${dir} is too long a path for a socket in it: it has ${Buffer.byteLength(dir)} bytes, at most ${most}`;
      throw new ServeError(message, { isLasting: true });
    }
    try {
      // Other users of this machine must not read what a bucket has granted.
      await mkdir(join(dir, "buckets"), { recursive: true, mode: 0o700 });
      await access(join(dir, "buckets"), constants.R_OK | constants.W_OK | constants.X_OK);
    } catch (cause) {
      throw new ServeError(`--state: cannot write to ${dir}: ${messageOf(cause)}`, {
        isLasting: false,
        cause,
      });
    }
    const folder = new StateFolder(dir, lock(dir));
    try {
      await folder.#removeSockets();
      return folder;
    } catch (error) {
      folder[Symbol.dispose]();
      throw error;
    }
  }

  /** Where workerd stores the buckets. */
  get bucketsDir(): string {
    return join(this.dir, "buckets");
  }

  /** Where workerd listens for its launcher. The directory's mode keeps other users out. */
  get controlSocket(): string {
    return join(this.dir, "control.sock");
  }

  /** Where workerd listens for the relay in front of it. */
  get httpSocket(): string {
    return join(this.dir, "http.sock");
  }

  /** Where the launcher listens for workerd. */
  get filesSocket(): string {
    return join(this.dir, "files.sock");
  }

  /** Where unusable files are moved to. */
  get asideDir(): string {
    return join(this.dir, "set-aside");
  }

  /** Releases the directory. */
  [Symbol.dispose](): void {
    this.#lock.close();
  }

  /** Removes the sockets of an earlier run: nothing can listen on a path that exists. */
  async #removeSockets(): Promise<void> {
    if (await isAnswered(this.controlSocket)) {
      const message = `--state: ${this.dir} is still in use by a workerd whose launcher was killed; end that process first`;
      throw new ServeError(message, { isLasting: false });
    }
    const sockets = [this.controlSocket, this.httpSocket, this.filesSocket];
    for (const socket of sockets) await rm(socket, { force: true });
  }
}

function lock(dir: string): DatabaseSync {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(join(dir, "lock.sqlite"));
    database.exec("BEGIN EXCLUSIVE");
    return database;
  } catch (cause) {
    database?.close();
    const isTaken = (cause as { errcode?: number }).errcode === SQLITE_BUSY;
    const message = isTaken
      ? `--state: ${dir} is in use by another instance; each needs its own directory`
      : `--state: cannot write to ${dir}: ${messageOf(cause)}`;
    throw new ServeError(message, { isLasting: false, cause });
  }
}

function isAnswered(socketPath: string): Promise<boolean> {
  return new Promise((settle) => {
    const socket = connect(socketPath);
    socket.once("connect", () => {
      socket.destroy();
      settle(true);
    });
    socket.once("error", () => settle(false));
  });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
