/**
 * SHA-256 (FIPS 180-4) of short messages, at once: `crypto.subtle` answers with promises, and the name of a
 * bucket is needed where nobody can wait.
 */

const BLOCK_BYTES = 64;
const WORD_BYTES = 4;
const STATE_WORDS = 8;
const ROUNDS = 64;
/** The length of the message in bits, at the end of the last block. */
const LENGTH_BYTES = 8;

/** The words of the standard are the beginnings of irrational numbers, 32 bits behind the point. */
const primes = firstPrimes(ROUNDS);
const initialState = Int32Array.from(primes.slice(0, STATE_WORDS), (prime) => {
  return fractionBits(prime ** (1 / 2));
});
const roundConstants = Int32Array.from(primes, (prime) => fractionBits(prime ** (1 / 3)));

/** The 32 bytes of the digest. */
export function sha256(message: Uint8Array): Uint8Array {
  const state = initialState.slice();
  const blocks = padded(message);
  for (let at = 0; at < blocks.byteLength; at += BLOCK_BYTES) {
    addBlock(state, new DataView(blocks.buffer, at, BLOCK_BYTES));
  }
  const digest = new DataView(new ArrayBuffer(STATE_WORDS * WORD_BYTES));
  state.forEach((word, index) => digest.setInt32(index * WORD_BYTES, word));
  return new Uint8Array(digest.buffer);
}

/** Whole blocks: the message, a one bit, zeros, the length. */
function padded(message: Uint8Array): Uint8Array<ArrayBuffer> {
  const { length } = message;
  const blocks = Math.ceil((length + 1 + LENGTH_BYTES) / BLOCK_BYTES);
  const bytes = new Uint8Array(blocks * BLOCK_BYTES);
  bytes.set(message);
  bytes[length] = 0x80;
  const lengthAt = bytes.length - LENGTH_BYTES;
  new DataView(bytes.buffer).setBigUint64(lengthAt, BigInt(length) * 8n);
  return bytes;
}

/** One block into the state, in the letters of the standard. */
function addBlock(state: Int32Array, block: DataView): void {
  const schedule = scheduleOf(block);
  let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = state;
  for (let round = 0; round < ROUNDS; round += 1) {
    const choice = (e & f) ^ (~e & g);
    const majority = (a & b) ^ (a & c) ^ (b & c);
    const sigma1 = rotated(e, 6) ^ rotated(e, 11) ^ rotated(e, 25);
    const sigma0 = rotated(a, 2) ^ rotated(a, 13) ^ rotated(a, 22);
    const word = wordAt(roundConstants, round) + wordAt(schedule, round);
    const first = (h + sigma1 + choice + word) | 0;
    [h, g, f, e, d, c, b, a] = [g, f, e, (d + first) | 0, c, b, a, (first + sigma0 + majority) | 0];
  }
  [a, b, c, d, e, f, g, h].forEach((word, index) => {
    state[index] = wordAt(state, index) + word;
  });
}

function scheduleOf(block: DataView): Int32Array {
  const words = new Int32Array(ROUNDS);
  for (let at = 0; at < ROUNDS; at += 1) {
    if (at * WORD_BYTES < BLOCK_BYTES) {
      words[at] = block.getInt32(at * WORD_BYTES);
      continue;
    }
    const [late, early] = [wordAt(words, at - 2), wordAt(words, at - 15)];
    const sigma1 = rotated(late, 17) ^ rotated(late, 19) ^ (late >>> 10);
    const sigma0 = rotated(early, 7) ^ rotated(early, 18) ^ (early >>> 3);
    words[at] = sigma1 + wordAt(words, at - 7) + sigma0 + wordAt(words, at - 16);
  }
  return words;
}

function rotated(word: number, bits: number): number {
  return (word >>> bits) | (word << (32 - bits));
}

function wordAt(words: Int32Array, index: number): number {
  return words[index] ?? 0;
}

function fractionBits(root: number): number {
  return (root % 1) * 2 ** 32;
}

function firstPrimes(count: number): number[] {
  const primes: number[] = [];
  for (let candidate = 2; primes.length < count; candidate += 1) {
    if (primes.every((prime) => candidate % prime !== 0)) primes.push(candidate);
  }
  return primes;
}
