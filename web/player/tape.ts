// A tape from its files: fetched, unpacked within its size, compared with its digest, and checked.

import { blake3Hex } from './blake3.ts';
import { Engine } from './engine.ts';
import { TapeError, parse, type Description } from './format.ts';
import { Half } from './half.ts';
import { Network, type Kind } from './network.ts';

/** Bytes of a description at most. */
const MOST_TEXT = 64 * 2 ** 20;

async function get(url: URL): Promise<Response> {
  const response = await fetch(url).catch((error: unknown) => {
    throw new TapeError(`${url.pathname} could not be fetched: ${error instanceof Error ? error.message : error}; serve the folder with any static server`);
  });
  if (!response.ok) throw new TapeError(`${url.pathname}: the server answered ${response.status}; export the page again`);
  return response;
}

/** Unpacks a gzip member that must give so many bytes, and stops where it gives more. */
async function unpack(packed: ArrayBuffer, bytes: number): Promise<Uint8Array<ArrayBuffer>> {
  const unpacked = new Uint8Array(bytes);
  let end = 0;
  const reader = new Blob([packed]).stream().pipeThrough(new DecompressionStream('gzip')).getReader();
  for (;;) {
    const { done, value } = await reader.read().catch((error: unknown) => {
      throw new TapeError(`the tape's binary is damaged (${error instanceof Error ? error.message : error}); export the page again`);
    });
    if (done) break;
    if (end + value.length > bytes) {
      await reader.cancel();
      throw new TapeError(`the tape's binary unpacks to more than its ${bytes} bytes; export the page again`);
    }
    unpacked.set(value, end);
    end += value.length;
  }
  if (end < bytes) throw new TapeError(`the tape's binary ends after ${end} of its ${bytes} bytes; export the page again`);
  return unpacked;
}

/** A tape that has been read and checked. */
export class Tape {
  readonly description: Description;
  readonly binary: Uint8Array<ArrayBuffer>;

  private constructor(description: Description, binary: Uint8Array<ArrayBuffer>) {
    [this.description, this.binary] = [description, binary];
  }

  /** Checks a description and its packed binary. */
  static async of(description: unknown, packed: ArrayBuffer): Promise<Tape> {
    const tape = parse(description);
    const { binary } = tape;
    if (packed.byteLength !== binary.packed) {
      throw new TapeError(`${binary.file} has ${packed.byteLength} bytes, its description says ${binary.packed}; export the page again`);
    }
    const bytes = await unpack(packed, binary.bytes);
    if (blake3Hex(bytes) !== binary.digest) {
      throw new TapeError(`${binary.file} does not have the digest of its description: it is damaged or of another export; export the page again`);
    }
    return new Tape(tape, bytes);
  }

  /** Fetches a tape: the URL of its `tape.json`. */
  static async load(url: string | URL): Promise<Tape> {
    const place = new URL(url, globalThis.document?.baseURI);
    const text = await (await get(place)).text();
    if (text.length > MOST_TEXT) throw new TapeError(`${place.pathname} has ${text.length} letters, more than any tape`);
    let description: unknown;
    try {
      description = JSON.parse(text);
    } catch (error) {
      throw new TapeError(`${place.pathname} is no JSON (${error instanceof Error ? error.message : error}); export the page again`);
    }
    const { binary } = parse(description);
    if (!/^[a-z0-9.-]+$/.test(binary.file)) throw new TapeError(`the tape's file ${JSON.stringify(binary.file)} is no plain name`);
    return Tape.of(description, await (await get(new URL(binary.file, place))).arrayBuffer());
  }

  /** Opens a device for it. */
  engine(): Promise<Engine> {
    return Engine.open(this.description);
  }

  /** One half of the classes. */
  half(letter: 'A' | 'B', classes: readonly number[]): Half {
    return new Half(letter, classes, this.description, this.binary);
  }

  /** A network with its initial weights. */
  network(engine: Engine, kind: Kind): Promise<Network> {
    return Network.open(engine, this.description, this.binary, kind);
  }

  /** A network with the first n blocks of another one. A frozen or fine-tuned one takes its source's mean, or its target's. */
  async transfer(engine: Engine, source: Network, target: Half, n: number, frozen: boolean): Promise<Network> {
    const mean = this.description.experiment.mean_of === 'source' ? source.kind.target.mean : target.mean;
    const network = await this.network(engine, { target, n, frozen, mean });
    network.copy(source);
    return network;
  }
}
