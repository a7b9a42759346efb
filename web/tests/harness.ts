// What the tests call in a page: tasks by name, each a function of plain values to plain values.

import { Engine, Session, Stream, Tape, blake3Hex, initial, philox, streamKey, type Network } from '../player/index.ts';
import { checkProgram, parts } from '../player/format.ts';
import { speed } from './speed.ts';

interface Training { tape: string; halves: [number[], number[]]; n: number; steps: number; modes: string[] }
interface Replay { program: unknown; writes: [number, string][]; steps: [[number, number], number, number, number][]; reads: number[] }

const decode = (text: string) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
function encode(bytes: ArrayBuffer): string {
  let text = '';
  for (const byte of new Uint8Array(bytes)) text += String.fromCharCode(byte);
  return btoa(text);
}

async function trained(network: Network, steps: number): Promise<number[]> {
  while (network.step < steps) await network.train(steps - network.step);
  return network.losses;
}

const tasks = {
  /** What the adapter says of itself. */
  async adapter() {
    const adapter = await navigator.gpu.requestAdapter();
    return { fallback: adapter?.info.isFallbackAdapter, vendor: adapter?.info.vendor, architecture: adapter?.info.architecture };
  },

  /** Numbers of streams, digests and initial weights. */
  vectors({ names, count }: { names: string[]; count: number }) {
    return names.map((name) => {
      const stream = Stream.named(name);
      return {
        key: stream.key,
        words: [0, 1, 77, 2 ** 33 + 5].map((index) => stream.words(index, 3)),
        permutation: [...stream.permutation(count, 2)],
        normal: [...stream.normal(count, 0.5)],
        digest: blake3Hex(new Uint8Array(count * 97).map((_, i) => i % 251)),
        philox: philox([0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0]),
      };
    });
  },

  /** Base A, and networks that take n blocks of it for B; then what is said where the device is lost. */
  async training({ tape: url, halves, n, steps, modes }: Training) {
    const start = performance.now();
    const tape = await Tape.load(url);
    const engine = await tape.engine();
    const [a, b] = halves.map((classes, i) => tape.half(i === 0 ? 'A' : 'B', classes));
    const base = await tape.network(engine, { target: a, n: 0, frozen: false });
    const opened = performance.now();
    const key = streamKey(tape.description.experiment.seed, 'A', 0);
    const first = tape.description.programs[0].parameters[0];
    const drawn = (await base.parameters([first.name])).get(first.name);
    const sameStart = initial(first, key).every((value, i) => value === drawn?.[i]);
    const losses: Record<string, number[]> = { base: await trained(base, steps) };
    const scores: Record<string, unknown> = { base: await base.evaluate() };
    const learned = await base.parameters();
    const copied = Object.fromEntries([...learned].map(([name, values]) => [name, encode(values.slice().buffer)]));
    const unchanged: Record<string, string[]> = {};
    for (const name of modes) {
      const network = await tape.transfer(engine, base, b, n, name === 'frozen');
      losses[name] = await trained(network, steps);
      const after = await network.parameters();
      unchanged[name] = [...after].filter(([name, values]) => {
        const before = new Uint32Array(learned.get(name)!.buffer);
        return new Uint32Array(values.buffer).every((bits, i) => bits === before[i]);
      }).map(([name]) => name);
      scores[name] = await network.evaluate();
      network.close();
    }
    engine.check();
    const begun = tape.network(engine, { target: b, n: 0, frozen: false });
    const training = begun.then((network) => network.train(2)).catch((error: Error) => `${error.name}: ${error.message}`);
    await begun;
    engine.device.destroy();
    const reason = (error: Error) => `${error.name}: ${error.message}`;
    const lost = [await training, await (await begun).train(1).catch(reason)];
    return { losses, scores, copied, unchanged, sameStart, lost, milliseconds: [opened - start, performance.now() - opened] };
  },

  /** Programs of a tape of their own, each with its inputs; gives the bytes of what is read. */
  async replay({ kernels, binary, cases }: { kernels: { shaders: unknown; pipelines: unknown }; binary: string; cases: Replay[] }) {
    const bytes = decode(binary);
    const shaders = parts.shader(kernels.shaders, 'shaders');
    const pipelines = parts.pipeline(kernels.pipelines, 'pipelines');
    const engine = await Engine.open({ shaders, pipelines });
    const out: string[][] = [];
    for (const one of cases) {
      const program = parts.program(one.program, 'program');
      checkProgram(program, pipelines, shaders.length, bytes.length, 'program');
      const session = await Session.open(engine, program, bytes);
      for (const [buffer, values] of one.writes) session.write(buffer, decode(values));
      one.steps.forEach(([key, iteration, rate, firstImage], tape) => session.run(`${tape}`, { key, iteration, rate, firstImage }));
      out.push((await session.read(one.reads)).map(encode));
      session.close();
    }
    engine.check();
    engine.device.destroy();
    return out;
  },

  /** Gigaflops of a step's products, beside a yardstick. */
  speed: ({ tape }: { tape: string }) => speed(tape),

  /** What is said of a tape that cannot be loaded. */
  async refusal({ tape }: { tape: string }) {
    return Tape.load(tape).then(() => 'loaded', (error: Error) => `${error.name}: ${error.message}`);
  },
};

declare global {
  interface Window { tasks: typeof tasks }
}
window.tasks = tasks;
document.documentElement.dataset['ready'] = '';
