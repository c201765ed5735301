/**
 * The file of one bucket, looked at while nobody has it open: is what it held still there?
 *
 * SQLite keeps a database in `ID.sqlite`, what was written last in a log beside it, `-wal`, and in
 * `-shm` how far that log goes. It notices most damage by itself and refuses to open the file. Some it
 * cannot notice, because what is left is a whole database of an earlier time, or an empty one: the log is
 * gone, the file was cut to nothing. A bucket of an earlier time has tokens that were granted since. So
 * that is what is looked for here.
 *
 * What can be told rests on two orders. `-shm` is told of a frame of the log only when that frame is on the
 * disk (https://www.sqlite.org/walformat.html), so a log that ends before has lost some. And a file is
 * empty from its making to its first page, and never again. Not told: a file that was put back from a
 * copy with its log, or whose log was lost together with `-shm`.
 */
import { closeSync, openSync, readFileSync, readSync, statSync } from "node:fs";

/** What stands behind the name of a file, of those that make up a database. */
export const DATABASE_SUFFIXES = ["", "-wal", "-shm", "-journal"] as const;

/** The page that workerd has SQLite use; what holds nothing is one of them. */
const PAGE_BYTES = 4_096;
const HEADER_BYTES = 100;
const MAGIC = "SQLite format 3\0";
const LOG_HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;
/** Of the log's first number, whose last bit says how its checksums read the bytes. */
const LOG_MAGIC = 0x377f0682;

/** `empty`: it holds nothing and never has, or not any more. `lost`: it held more than is left. */
export type Verdict =
  | { readonly kind: "whole" }
  | { readonly kind: "empty" }
  | { readonly kind: "lost"; readonly why: string };

const WHOLE: Verdict = { kind: "whole" };
const EMPTY: Verdict = { kind: "empty" };

/**
 * Looks at `path`, whose database has the files with these `suffixes`. To be called while nobody has it
 * open. A file that SQLite itself will refuse counts as whole.
 */
export function judgeFile(path: string, suffixes: ReadonlySet<string>): Verdict {
  if (!suffixes.has("")) return judgeOrphans(path, suffixes);
  const { size } = statSync(path);
  const logBytes = suffixes.has("-wal") ? statSync(`${path}-wal`).size : 0;
  if (size === 0) return judgeEmptied(path, logBytes);
  const isPlain = suffixes.size === 1 && size > PAGE_BYTES && size % PAGE_BYTES === 0;
  // Its making was interrupted: SQLite undoes that.
  if (isPlain || suffixes.has("-journal")) return WHOLE;
  const header = readStart(path, HEADER_BYTES);
  if (header.toString("latin1", 0, MAGIC.length) !== MAGIC) return WHOLE;
  const lost = suffixes.has("-shm") && judgeLog(path, logBytes);
  if (lost) return lost;
  if (logBytes > LOG_HEADER_BYTES) return WHOLE;
  // It ends where its header says, which SQLite checks for whole pages only.
  const pages = header.readUInt32BE(28);
  const pageBytes = header.readUInt16BE(16);
  const isSizeKnown = header.readUInt32BE(24) === header.readUInt32BE(92);
  if (isSizeKnown && size % pageBytes !== 0 && size < pages * pageBytes) {
    return { kind: "lost", why: `cut off: ${size} bytes of ${pages * pageBytes}` };
  }
  return pages === 1 && size === pageBytes ? EMPTY : WHOLE;
}

function judgeOrphans(path: string, suffixes: ReadonlySet<string>): Verdict {
  if (!suffixes.has("-wal") || statSync(`${path}-wal`).size === 0) return EMPTY;
  return { kind: "lost", why: "the file is gone, and its log is there" };
}

/** One that was just made and never written has its first time still, and no log. */
function judgeEmptied(path: string, logBytes: number): Verdict {
  const { mtimeNs, birthtimeNs } = statSync(path, { bigint: true });
  return mtimeNs === birthtimeNs && logBytes === 0
    ? EMPTY
    : { kind: "lost", why: "the file was cut to nothing" };
}

/** Whether the log holds all that it is known to have held and that the file still needs of it. */
function judgeLog(path: string, logBytes: number): Verdict | undefined {
  const index = readStart(`${path}-shm`, PAGE_BYTES);
  if (index.length < PAGE_BYTES || index[12] !== 1) return undefined;
  // As the processor that wrote it has them: SQLite's own rule for this file.
  const littleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;
  const at = (offset: number): number =>
    littleEndian ? index.readUInt32LE(offset) : index.readUInt32BE(offset);
  const frames = at(16);
  const copied = at(96);
  if (frames === 0 || copied >= frames) return undefined;
  if (logBytes <= LOG_HEADER_BYTES) {
    return { kind: "lost", why: `its log is gone, of ${frames} writes` };
  }
  const log = readFileSync(`${path}-wal`);
  // A log that was begun anew since is another one, of which this says nothing.
  const isOther = isLog(log) && !log.subarray(16, 24).equals(index.subarray(32, 40));
  const left = isOther ? frames : framesOf(log);
  if (left >= frames) return undefined;
  return { kind: "lost", why: `of ${frames} writes in its log ${left} are left` };
}

function isLog(log: Buffer): boolean {
  return (log.readUInt32BE(0) & ~1) === LOG_MAGIC && isSummed(log);
}

/** Whether the log's header has not been changed. */
function isSummed(log: Buffer): boolean {
  const [one, other] = checksum(log, 0, 24, [0, 0], isBigEndian(log));
  return log.readUInt32BE(24) === one && log.readUInt32BE(28) === other;
}

function isBigEndian(log: Buffer): boolean {
  return (log.readUInt32BE(0) & 1) === 1;
}

/** Frames from the start of the log that are as they were written. */
function framesOf(log: Buffer): number {
  if (!isLog(log)) return 0;
  const bigEndian = isBigEndian(log);
  const frameBytes = FRAME_HEADER_BYTES + log.readUInt32BE(8);
  let sums: [number, number] = [log.readUInt32BE(24), log.readUInt32BE(28)];
  let frames = 0;
  for (let at = LOG_HEADER_BYTES; at + frameBytes <= log.length; at += frameBytes) {
    sums = checksum(log, at, at + 8, sums, bigEndian);
    sums = checksum(log, at + FRAME_HEADER_BYTES, at + frameBytes, sums, bigEndian);
    if (log.readUInt32BE(at + 16) !== sums[0] || log.readUInt32BE(at + 20) !== sums[1]) break;
    frames += 1;
  }
  return frames;
}

/** SQLite's, of a log: two sums that run on from frame to frame. */
function checksum(
  log: Buffer,
  from: number,
  to: number,
  [first, second]: readonly [number, number],
  bigEndian: boolean,
): [number, number] {
  let one = first;
  let other = second;
  for (let at = from; at < to; at += 8) {
    const x = bigEndian ? log.readUInt32BE(at) : log.readUInt32LE(at);
    const y = bigEndian ? log.readUInt32BE(at + 4) : log.readUInt32LE(at + 4);
    one = (one + x + other) >>> 0;
    other = (other + y + one) >>> 0;
  }
  return [one, other];
}

/** The first `bytes` of a file, or all that it has. */
export function readStart(path: string, bytes: number): Buffer {
  const file = openSync(path, "r");
  try {
    const buffer = Buffer.alloc(bytes);
    return buffer.subarray(0, readSync(file, buffer, 0, bytes, 0));
  } finally {
    closeSync(file);
  }
}
