// BLAKE3 (O'Connor, Aumasson, Neves, Wilcox-O'Hearn, 2020), unkeyed, 32 bytes: the digests of tapes and the keys of
// random streams.

const INITIAL = [
  0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
];
const ORDER = [2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8];
const [CHUNK_START, CHUNK_END, PARENT, ROOT] = [1, 2, 4, 8];
const [BLOCK_BYTES, CHUNK_BYTES] = [64, 1024];

/** The order in which each of the seven rounds takes the words of a block. */
const SCHEDULE: Uint8Array[] = [Uint8Array.from({ length: 16 }, (_, i) => i)];
while (SCHEDULE.length < 7) SCHEDULE.push(Uint8Array.from(ORDER, (place) => SCHEDULE[SCHEDULE.length - 1][place]));

const state = new Uint32Array(16);

function mix(a: number, b: number, c: number, d: number, x: number, y: number): void {
  const s = state;
  s[a] = s[a] + s[b] + x;
  let t = s[d] ^ s[a];
  s[d] = (t >>> 16) | (t << 16);
  s[c] = s[c] + s[d];
  t = s[b] ^ s[c];
  s[b] = (t >>> 12) | (t << 20);
  s[a] = s[a] + s[b] + y;
  t = s[d] ^ s[a];
  s[d] = (t >>> 8) | (t << 24);
  s[c] = s[c] + s[d];
  t = s[b] ^ s[c];
  s[b] = (t >>> 7) | (t << 25);
}

/** The compression of a block into a chaining value, which is overwritten. */
function compress(chain: Uint32Array, block: Uint32Array, counter: number, length: number, flags: number): void {
  state.set(chain);
  for (let i = 0; i < 4; i += 1) state[8 + i] = INITIAL[i];
  state[12] = counter >>> 0;
  state[13] = Math.floor(counter / 2 ** 32);
  state[14] = length;
  state[15] = flags;
  for (const m of SCHEDULE) {
    mix(0, 4, 8, 12, block[m[0]], block[m[1]]);
    mix(1, 5, 9, 13, block[m[2]], block[m[3]]);
    mix(2, 6, 10, 14, block[m[4]], block[m[5]]);
    mix(3, 7, 11, 15, block[m[6]], block[m[7]]);
    mix(0, 5, 10, 15, block[m[8]], block[m[9]]);
    mix(1, 6, 11, 12, block[m[10]], block[m[11]]);
    mix(2, 7, 8, 13, block[m[12]], block[m[13]]);
    mix(3, 4, 9, 14, block[m[14]], block[m[15]]);
  }
  for (let i = 0; i < 8; i += 1) chain[i] = state[i] ^ state[i + 8];
}

/** The chaining value of a chunk. */
function chunk(bytes: Uint8Array, number: number, root: boolean): Uint32Array {
  const chain = Uint32Array.from(INITIAL);
  const block = new Uint32Array(16);
  const blocks = Math.max(1, Math.ceil(bytes.length / BLOCK_BYTES));
  for (let at = 0; at < blocks; at += 1) {
    const part = bytes.subarray(at * BLOCK_BYTES, (at + 1) * BLOCK_BYTES);
    block.fill(0);
    for (let i = 0; i < part.length; i += 1) block[i >> 2] |= part[i] << (8 * (i & 3));
    const last = at === blocks - 1;
    const flags = (at === 0 ? CHUNK_START : 0) | (last ? CHUNK_END : 0) | (last && root ? ROOT : 0);
    compress(chain, block, number, part.length, flags);
  }
  return chain;
}

function parent(left: Uint32Array, right: Uint32Array, root: boolean): Uint32Array {
  const chain = Uint32Array.from(INITIAL);
  const block = new Uint32Array(16);
  block.set(left);
  block.set(right, 8);
  compress(chain, block, 0, BLOCK_BYTES, PARENT | (root ? ROOT : 0));
  return chain;
}

/** The chaining value of some chunks: the left subtree is the largest power of two that leaves something. */
function tree(bytes: Uint8Array, first: number, root: boolean): Uint32Array {
  if (bytes.length <= CHUNK_BYTES) return chunk(bytes, first, root);
  const chunks = Math.ceil(bytes.length / CHUNK_BYTES);
  const left = 2 ** Math.ceil(Math.log2(chunks) - 1);
  const cut = left * CHUNK_BYTES;
  return parent(tree(bytes.subarray(0, cut), first, false), tree(bytes.subarray(cut), first + left, false), root);
}

/** The digest of some bytes as eight words, lowest byte first. */
export function blake3(bytes: Uint8Array): Uint32Array {
  return tree(bytes, 0, true);
}

/** The digest of some bytes as 64 hexadecimal digits. */
export function blake3Hex(bytes: Uint8Array): string {
  const digit = (byte: number) => byte.toString(16).padStart(2, '0');
  return [...blake3(bytes)].map((w) => [w, w >>> 8, w >>> 16, w >>> 24].map((b) => digit(b & 255)).join('')).join('');
}
