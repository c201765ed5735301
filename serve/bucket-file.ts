/**
 * Checks the file of one bucket for lost writes, while no process has it open.
 *
 * SQLite keeps a database in `ID.sqlite`, the latest writes in a write-ahead log beside it (`-wal`), and
 * the extent of that log in `-shm`. It detects most damage and refuses to open the file. Some damage it
 * can't detect, because what is left is a valid database of an earlier time, or an empty one: the log is
 * missing, or the file was truncated to nothing. An earlier state still has tokens that were granted since.
 * That is the damage this module looks for.
 *
 * Detection relies on two orders of writing. `-shm` records a frame of the log only after that frame is on
 * disk (https://www.sqlite.org/walformat.html), so a log that ends before that has lost writes. And a file
 * is empty between its creation and its first page, and never again. Not detected: a file restored from a
 * copy together with its log, and a log that was lost together with its `-shm`.
 */
import { closeSync, openSync, readFileSync, readSync, statSync } from "node:fs";

/** The suffixes of the files that make up a database. */
export const DATABASE_SUFFIXES = ["", "-wal", "-shm", "-journal"] as const;

/** Page size that workerd sets for SQLite; a database without content is one page. */
const PAGE_BYTES = 4_096;
const HEADER_BYTES = 100;
const MAGIC = "SQLite format 3\0";
const LOG_HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;
/** The log's magic number, without its last bit, which gives the byte order of the checksums. */
const LOG_MAGIC = 0x377f0682;

/** `empty`: without content, because it never had any or because it was deleted. `lost`: writes are missing. */
export type Verdict =
  | { readonly kind: "whole" }
  | { readonly kind: "empty" }
  | { readonly kind: "lost"; readonly why: string };

const WHOLE: Verdict = { kind: "whole" };
const EMPTY: Verdict = { kind: "empty" };

/**
 * Checks the database at `path`, which consists of the files with these `suffixes`. No process may have it
 * open. A file that SQLite itself refuses to open counts as whole.
 */
export function judgeFile(path: string, suffixes: ReadonlySet<string>): Verdict {
  if (!suffixes.has("")) return judgeOrphans(path, suffixes);
  const { size } = statSync(path);
  const logBytes = suffixes.has("-wal") ? statSync(`${path}-wal`).size : 0;
  if (size === 0) return judgeEmptied(path, logBytes);
  const isPlain = suffixes.size === 1 && size > PAGE_BYTES && size % PAGE_BYTES === 0;
  // With a journal, its creation was interrupted, which SQLite rolls back.
  if (isPlain || suffixes.has("-journal")) return WHOLE;
  const header = readStart(path, HEADER_BYTES);
  if (header.toString("latin1", 0, MAGIC.length) !== MAGIC) return WHOLE;
  const lost = suffixes.has("-shm") && judgeLog(path, logBytes);
  if (lost) return lost;
  if (logBytes > LOG_HEADER_BYTES) return WHOLE;
  // SQLite compares the size with the header's in whole pages only.
  const pages = header.readUInt32BE(28);
  const pageBytes = header.readUInt16BE(16);
  const isSizeKnown = header.readUInt32BE(24) === header.readUInt32BE(92);
  if (isSizeKnown && size % pageBytes !== 0 && size < pages * pageBytes) {
    return { kind: "lost", why: `the file is truncated: ${size} of ${pages * pageBytes} bytes` };
  }
  return pages === 1 && size === pageBytes ? EMPTY : WHOLE;
}

function judgeOrphans(path: string, suffixes: ReadonlySet<string>): Verdict {
  if (!suffixes.has("-wal") || statSync(`${path}-wal`).size === 0) return EMPTY;
  return { kind: "lost", why: "the file is missing, but its log exists" };
}

/** A file that was created and never written still has its creation time, and no log. */
function judgeEmptied(path: string, logBytes: number): Verdict {
  const { mtimeNs, birthtimeNs } = statSync(path, { bigint: true });
  return mtimeNs === birthtimeNs && logBytes === 0
    ? EMPTY
    : { kind: "lost", why: "the file was truncated to nothing" };
}

/** Finds what is missing of the writes that `-shm` records and that aren't in the file itself yet. */
function judgeLog(path: string, logBytes: number): Verdict | undefined {
  const index = readStart(`${path}-shm`, PAGE_BYTES);
  if (index.length < PAGE_BYTES || index[12] !== 1) return undefined;
  // SQLite writes this file in the processor's byte order.
  const littleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;
  const at = (offset: number): number =>
    littleEndian ? index.readUInt32LE(offset) : index.readUInt32BE(offset);
  const frames = at(16);
  const copied = at(96);
  if (frames === 0 || copied >= frames) return undefined;
  if (logBytes <= LOG_HEADER_BYTES) {
    return { kind: "lost", why: `the log is missing, with ${frames} writes` };
  }
  const log = readFileSync(`${path}-wal`);
  // A log that was restarted since has other salts, and `-shm` says nothing about it.
  const isOther = isLog(log) && !log.subarray(16, 24).equals(index.subarray(32, 40));
  const left = isOther ? frames : framesOf(log);
  if (left >= frames) return undefined;
  return { kind: "lost", why: `the log has only ${left} of ${frames} writes` };
}

function isLog(log: Buffer): boolean {
  return (log.readUInt32BE(0) & ~1) === LOG_MAGIC && isSummed(log);
}

/** Whether the log's header is intact. */
function isSummed(log: Buffer): boolean {
  const [one, other] = checksum(log, 0, 24, [0, 0], isBigEndian(log));
  return log.readUInt32BE(24) === one && log.readUInt32BE(28) === other;
}

function isBigEndian(log: Buffer): boolean {
  return (log.readUInt32BE(0) & 1) === 1;
}

/** The number of intact frames at the start of the log. */
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

/** SQLite's checksum of a log: two sums, carried on from frame to frame. */
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

/** The first `bytes` of a file, or all of it if it is shorter. */
export function readStart(path: string, bytes: number): Buffer {
  const file = openSync(path, "r");
  try {
    const buffer = Buffer.alloc(bytes);
    return buffer.subarray(0, readSync(file, buffer, 0, bytes, 0));
  } finally {
    closeSync(file);
  }
}
