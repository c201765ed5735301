/**
 * The folder that a server keeps its state in, for one server at a time: two would each grant all the
 * tokens.
 *
 *   lock.sqlite    held by the launcher while it lives
 *   control.sock   answered by workerd while it lives
 *   http.sock      where workerd listens for the relay in front of it
 *   files.sock     answered by the launcher while it lives
 *   buckets/       what workerd stores: `sluice-BucketObject/ID.sqlite`, one for each bucket
 *   set-aside/     files of buckets that could not be used, for whoever wants to know what has happened
 *
 * The lock is SQLite's, because that is the one lock of the operating system that Node comes with; the
 * system lets go of it however the launcher ends. workerd should have gone with it then (guard.ts). In
 * case it has not, its socket tells.
 */
import { constants } from "node:fs";
import { access, mkdir, rm } from "node:fs/promises";
import { connect } from "node:net";
import { join, resolve } from "node:path";
import { DatabaseSync } from "node:sqlite";

import { ServeError } from "./serve-error.ts";

/** SQLite's code for a lock that somebody else has. */
const SQLITE_BUSY = 5;
/** Bytes of a socket's path: 104 with its final zero on macOS, 108 on Linux. */
const MAX_SOCKET_PATH_BYTES = 103;

/** The folder, taken. */
export class StateFolder implements Disposable {
  readonly dir: string;
  readonly #lock: DatabaseSync;

  private constructor(dir: string, lock: DatabaseSync) {
    this.dir = dir;
    this.#lock = lock;
  }

  /**
   * Makes the folder if it is not there, and takes it.
   *
   * @throws {ServeError} Where it cannot be made or written to, or is taken.
   */
  static async take(path: string): Promise<StateFolder> {
    const dir = resolve(path);
    const socketBytes = Buffer.byteLength(join(dir, "control.sock"));
    if (socketBytes > MAX_SOCKET_PATH_BYTES) {
      const most = MAX_SOCKET_PATH_BYTES - (socketBytes - Buffer.byteLength(dir));
      const message = `--state: the path of ${dir} is too long for a socket in it: ${Buffer.byteLength(dir)} bytes, at most ${most}`;
      throw new ServeError(message, { isLasting: true });
    }
    try {
      // What a bucket has granted is nobody else's business on this machine.
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
      await folder.#forgetSockets();
      return folder;
    } catch (error) {
      folder[Symbol.dispose]();
      throw error;
    }
  }

  /** Where workerd is to store. */
  get bucketsDir(): string {
    return join(this.dir, "buckets");
  }

  /** Where workerd is to listen for its launcher. Only this user gets through the folder to it. */
  get controlSocket(): string {
    return join(this.dir, "control.sock");
  }

  /** Where workerd is to listen for the relay in front of it, alike. */
  get httpSocket(): string {
    return join(this.dir, "http.sock");
  }

  /** Where the launcher is to listen for workerd. */
  get filesSocket(): string {
    return join(this.dir, "files.sock");
  }

  /** Where files are to be put that cannot be used. */
  get asideDir(): string {
    return join(this.dir, "set-aside");
  }

  /** Gives the folder back. */
  [Symbol.dispose](): void {
    this.#lock.close();
  }

  /** Removes the sockets of an earlier run; nobody listens where there is one. */
  async #forgetSockets(): Promise<void> {
    if (await isAnswered(this.controlSocket)) {
      const message = `--state: ${this.dir} is still used by a workerd whose launcher was killed; end that process first`;
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
      ? `--state: ${dir} is used by another instance; each needs a folder of its own`
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
