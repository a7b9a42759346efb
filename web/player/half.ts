// The images of one half: those of its classes, in the order of the data set, with labels counted anew.

import { TapeError, type Description, type ImageList } from './format.ts';

/** Some images with their labels within the half. */
export interface Images { places: Uint32Array; labels: Uint32Array; pixels: Uint8Array }

/** One half of the classes. */
export class Half {
  readonly letter: 'A' | 'B';
  /** The numbers of its classes, in their order. */
  readonly classes: number[];
  readonly train: Images;
  readonly test: Images;
  /** The mean of its training images. */
  readonly mean: Float32Array<ArrayBuffer>;

  constructor(letter: 'A' | 'B', classes: readonly number[], { data }: Description, binary: Uint8Array<ArrayBuffer>) {
    this.letter = letter;
    this.classes = [...classes].sort((a, b) => a - b);
    const known = new Set(this.classes);
    if (known.size !== data.classes_per_half || this.classes.some((one) => !(one in data.classes))) {
      throw new TapeError(`half ${letter} has the classes ${this.classes.join(', ')}; choose ${data.classes_per_half} different ones`);
    }
    const size = data.shape[0] * data.shape[1] * data.shape[2];
    const images = ({ count, pixels, labels }: ImageList): Images => {
      const all = binary.subarray(labels.offset, labels.offset + count);
      const places = Uint32Array.from({ length: count }, (_, i) => i).filter((i) => known.has(all[i]));
      return {
        places,
        labels: places.map((i) => this.classes.indexOf(all[i])),
        pixels: binary.subarray(pixels.offset, pixels.offset + count * size),
      };
    };
    [this.train, this.test] = [images(data.train), images(data.test)];
    const sums = new Uint32Array(binary.buffer, binary.byteOffset + data.sums.offset, size * data.classes.length);
    this.mean = Float32Array.from({ length: size }, (_, i) => {
      return this.classes.reduce((sum, one) => sum + sums[one * size + i], 0) / this.train.places.length;
    });
  }
}
