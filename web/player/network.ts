// One network in training: what it starts from, the batches that it sees, its losses and its scores. The same streams
// as src/protocol/streams.rs, the same order of images as src/train/batches.rs.

import { Session, type Engine } from './engine.ts';
import type { Description, Network as Program, Parameter } from './format.ts';
import type { Half } from './half.ts';
import { pack, padded, unpack } from './layout.ts';
import { Stream } from './stream.ts';

/** Steps whose losses are read together. */
export const BURST = 20;

/** What an evaluation gives. */
export interface Scores {
  loss: number;
  /** The share of images whose true class has the greatest score. */
  top1: number;
  /** Images by true class and by the class with the greatest score. */
  confusion: number[][];
}

/** A network of the study: a base, or one with n blocks of another network below. */
export interface Kind {
  target: Half;
  /** Copied blocks; 0 for a base. */
  n: number;
  /** Whether the copied blocks are frozen. */
  frozen: boolean;
  /** The mean that is subtracted, where it is not the target's. */
  mean?: Float32Array<ArrayBuffer>;
}

/** The common beginning of a network's stream names: arms at one target and n share it. */
export function streamKey(seed: number, target: 'A' | 'B', n: number): string {
  return `seed=${seed}/split=0/replicate=0/target=${target}/${n === 0 ? 'base' : `n=${n}`}`;
}

/** The images of each step: all of an epoch in random order, then the next epoch. */
export class Batches {
  private readonly order: Stream;
  private readonly images: number;
  private readonly batch: number;
  private cached: { epoch: number; order: Uint32Array } | null = null;

  constructor(order: Stream, images: number, batch: number) {
    [this.order, this.images, this.batch] = [order, images, batch];
  }

  /** The images of a step, by their index. */
  indices(step: number): number[] {
    return Array.from({ length: this.batch }, (_, i) => {
      const place = step * this.batch + i;
      const epoch = Math.floor(place / this.images);
      if (this.cached?.epoch !== epoch) this.cached = { epoch, order: this.order.permutation(this.images, epoch) };
      return this.cached.order[place % this.images];
    });
  }
}

/** The values that a parameter starts as, in outer order. */
export function initial(param: Parameter, key: string): Float32Array<ArrayBuffer> {
  const length = param.shape.reduce((a, b) => a * b, 1);
  if ('constant' in param.start) return new Float32Array(length).fill(param.start.constant);
  return Stream.named(`${key}/weights/${param.name}`).normal(length, param.start.normal);
}

export class Network {
  readonly kind: Kind;
  readonly program: Program;
  step = 0;
  /** The losses of all steps whose losses have arrived. */
  readonly losses: number[] = [];
  private readonly session: Session;
  private readonly tape: Description;
  private readonly batches: Batches;
  private readonly dropout: Stream;
  private readonly rings: GPUBuffer[] = [];

  private constructor(tape: Description, program: Program, session: Session, kind: Kind) {
    [this.tape, this.program, this.session, this.kind] = [tape, program, session, kind];
    const { batch, seed } = tape.experiment;
    const key = streamKey(seed, kind.target.letter, kind.n);
    this.batches = new Batches(Stream.named(`${key}/order`), kind.target.train.places.length, batch);
    this.dropout = Stream.named(`${key}/dropout`);
    for (const param of program.parameters) session.write(param.buffer, pack(param.layout, initial(param, key)));
    const { data } = tape;
    session.write(program.inputs.mean, kind.mean ?? kind.target.mean);
    session.write(program.inputs.scale, new Float32Array(data.shape[2]).fill(data.scale));
    const window = Uint32Array.from({ length: 3 * batch }, (_, i) => [data.window[0], data.window[1], 0][i % 3]);
    session.write(program.inputs.crops, window);
  }

  /** Makes a network with its initial weights. */
  static async open(engine: Engine, tape: Description, binary: Uint8Array<ArrayBuffer>, kind: Kind): Promise<Network> {
    const program = tape.programs[kind.frozen ? kind.n : 0];
    return new Network(tape, program, await Session.open(engine, program, binary), kind);
  }

  /** Takes the parameters of the first n blocks from another network. */
  copy(from: Network): void {
    const { device } = this.session.engine;
    const encoder = device.createCommandEncoder();
    for (const param of this.program.parameters.filter(({ block }) => block <= this.kind.n)) {
      const source = from.program.parameters.find(({ name }) => name === param.name);
      if (!source) continue;
      const target = this.session.buffers[param.buffer];
      encoder.copyBufferToBuffer(from.session.buffers[source.buffer], 0, target, 0, target.size);
    }
    device.queue.submit([encoder.finish()]);
  }

  private write(images: Half['train'], indices: number[]): void {
    const { inputs } = this.program;
    const [height, width, channels] = this.tape.data.shape;
    const size = height * width * channels;
    const { batch } = this.tape.experiment;
    const pixels = new Uint8Array(batch * size);
    const labels = new Uint32Array(batch);
    indices.forEach((index, i) => {
      const first = images.places[index] * size;
      pixels.set(images.pixels.subarray(first, first + size), i * size);
      labels[i] = images.labels[index];
    });
    this.session.write(inputs.images, pixels);
    this.session.write(inputs.labels, labels);
  }

  private rate(step: number): number {
    return this.tape.experiment.rates.findLast(([first]) => first <= step)?.[1] ?? 0;
  }

  /** Submits up to `count` steps, at most {@link BURST}, and resolves with their mean losses when these have arrived. */
  async train(count = BURST): Promise<number[]> {
    const { experiment } = this.tape;
    const { engine } = this.session;
    const steps = Math.min(count, BURST, experiment.steps - this.step);
    const bytes = 4 * experiment.batch;
    const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST;
    const ring = this.rings.pop() ?? engine.buffer(BURST * bytes, usage);
    const loss = this.session.buffers[this.program.outputs.loss];
    for (let i = 0; i < steps; i += 1, this.step += 1) {
      this.write(this.kind.target.train, this.batches.indices(this.step));
      const values = { key: this.dropout.key, iteration: this.step, rate: this.rate(this.step), firstImage: 0 };
      this.session.run('train', values, (encoder) => encoder.copyBufferToBuffer(loss, 0, ring, i * bytes, bytes));
    }
    const all = new Float32Array(await engine.mapped(ring));
    this.rings.push(ring);
    const mean = (i: number) => all.subarray(i * experiment.batch, (i + 1) * experiment.batch).reduce((a, b) => a + b, 0);
    const losses = Array.from({ length: steps }, (_, i) => mean(i) / experiment.batch);
    this.losses.push(...losses);
    return losses;
  }

  /** Evaluates on the test images of the target. */
  async evaluate(): Promise<Scores> {
    const { test, classes } = this.kind.target;
    const { batch } = this.tape.experiment;
    const { engine, buffers } = this.session;
    const { loss, rank, scores } = this.program.outputs;
    const count = test.places.length;
    const batches = Math.ceil(count / batch);
    const across = padded(classes.length);
    const [small, large] = [4 * batch, 4 * batch * across];
    const target = engine.buffer(batches * (2 * small + large), GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST);
    for (let at = 0; at < batches; at += 1) {
      this.write(test, Array.from({ length: Math.min(batch, count - at * batch) }, (_, i) => at * batch + i));
      this.session.run('evaluate', { key: [0, 0], iteration: 0, rate: 0, firstImage: 0 }, (encoder) => {
        encoder.copyBufferToBuffer(buffers[loss], 0, target, at * small, small);
        encoder.copyBufferToBuffer(buffers[rank], 0, target, (batches + at) * small, small);
        encoder.copyBufferToBuffer(buffers[scores], 0, target, 2 * batches * small + at * large, large);
      });
    }
    let bytes: ArrayBuffer;
    try {
      bytes = await engine.mapped(target);
    } finally {
      engine.free(target);
    }
    const losses = new Float32Array(bytes, 0, count);
    const ranks = new Uint32Array(bytes, batches * small, count);
    const logits = new Float32Array(bytes, 2 * batches * small);
    const confusion = classes.map(() => classes.map(() => 0));
    for (let i = 0; i < count; i += 1) {
      const own = logits.subarray(i * across, i * across + classes.length);
      confusion[test.labels[i]][own.reduce((best, value, j) => (value > own[best] ? j : best), 0)] += 1;
    }
    const right = ranks.reduce((sum, one) => sum + (one < 1 ? 1 : 0), 0);
    return { loss: losses.reduce((a, b) => a + b, 0) / count, top1: right / count, confusion };
  }

  /** The values of some parameters, in outer order. */
  async parameters(names?: string[]): Promise<Map<string, Float32Array<ArrayBuffer>>> {
    const wanted = this.program.parameters.filter(({ name }) => !names || names.includes(name));
    const bytes = await this.session.read(wanted.map(({ buffer }) => buffer));
    return new Map(wanted.map(({ name, layout }, i) => [name, unpack(layout, new Float32Array(bytes[i]))]));
  }

  /** Gives all memory back. */
  close(): void {
    this.rings.splice(0).forEach((ring) => this.session.engine.free(ring));
    this.session.close();
  }
}
