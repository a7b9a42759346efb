// Random streams with names: Philox 4x32-10 (Salmon, Moraes, Dror and Shaw, 2011), keyed by the BLAKE3 digest of what
// the numbers are for. The same bits as src/host/philox.rs and src/host/stream.rs.

import { blake3 } from './blake3.ts';

/** The high 32 bits of a product of two words. */
function high(a: number, b: number): number {
  const [ah, al, bh, bl] = [a >>> 16, a & 0xffff, b >>> 16, b & 0xffff];
  const middle = ah * bl + ((al * bl) >>> 16);
  const other = al * bh + (middle & 0xffff);
  return (ah * bh + Math.floor(middle / 65536) + Math.floor(other / 65536)) >>> 0;
}

/** Four random words that depend on nothing but the key and the counter. */
export function philox(counter: readonly number[], key: readonly number[]): [number, number, number, number] {
  let [c0, c1, c2, c3] = counter;
  let [k0, k1] = key;
  for (let round = 0; round < 10; round += 1) {
    const [ah, al] = [high(0xd2511f53, c0), Math.imul(0xd2511f53, c0) >>> 0];
    const [bh, bl] = [high(0xcd9e8d57, c2), Math.imul(0xcd9e8d57, c2) >>> 0];
    [c0, c1, c2, c3] = [(bh ^ c1 ^ k0) >>> 0, bl, (ah ^ c3 ^ k1) >>> 0, al];
    [k0, k1] = [(k0 + 0x9e3779b9) >>> 0, (k1 + 0xbb67ae85) >>> 0];
  }
  return [c0, c1, c2, c3];
}

/** A random stream, fixed by its key. */
export class Stream {
  readonly key: readonly [number, number];

  constructor(key: readonly [number, number]) {
    this.key = key;
  }

  /** The stream of a name, such as `seed=1/split=0/replicate=0/target=A/base/order`. */
  static named(name: string): Stream {
    const words = blake3(new TextEncoder().encode(name));
    return new Stream([words[0], words[1]]);
  }

  /** Four random words at a place of the stream. */
  words(index: number, page: number): [number, number, number, number] {
    return philox([index >>> 0, Math.floor(index / 2 ** 32), page, 0], this.key);
  }

  /** Normally distributed values with mean 0 and a standard deviation (Box and Muller), untruncated. */
  normal(count: number, std: number): Float32Array<ArrayBuffer> {
    const values = new Float32Array(Math.ceil(count / 4) * 4);
    for (let at = 0; at < values.length; at += 4) {
      const words = this.words(at / 4, 0);
      for (let pair = 0; pair < 4; pair += 2) {
        // The half keeps the uniform value away from 0, where the logarithm has none.
        const u = (words[pair] + 0.5) / 2 ** 32;
        const angle = (2 * Math.PI * words[pair + 1]) / 2 ** 32;
        const radius = Math.sqrt(-2 * Math.log(u)) * std;
        values[at + pair] = radius * Math.cos(angle);
        values[at + pair + 1] = radius * Math.sin(angle);
      }
    }
    return values.slice(0, count);
  }

  /** A random order of 0 to count - 1: Fisher and Yates' shuffle; `page` is the epoch. */
  permutation(count: number, page: number): Uint32Array {
    const order = Uint32Array.from({ length: count }, (_, i) => i);
    for (let last = count - 1; last > 0; last -= 1) {
      // Below 2^53, so that the product is exact.
      const pick = Math.floor((this.words(last, page)[0] * (last + 1)) / 2 ** 32);
      [order[last], order[pick]] = [order[pick], order[last]];
    }
    return order;
  }
}
