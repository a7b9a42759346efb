// How fast the products of a tape are, beside a plain matrix product of the same size in WGSL, the fastest of several
// that differ in what an invocation computes and whether slabs go through workgroup memory.

import { Session, Tape, type Engine } from '../player/index.ts';
import type { Dispatch } from '../player/format.ts';

interface Line { layer: string; shader: string; size: number[]; ours: number; tuned: number[] }

/**
 * Rows of an invocation, its columns in vectors of four, and whether slabs of 16 go through workgroup memory. The first two
 * are what products tuned for graphics processors do; the others are for processors, which have no such memory.
 */
const VARIANTS = [[4, 1, 1], [8, 2, 1], [4, 1, 0], [4, 2, 0], [8, 1, 0], [8, 2, 0]] as const;

/** C = A B of row-major matrices whose sides are multiples of the tile of 8 x 8 invocations. */
function source([rows, vectors, shared]: readonly number[]): string {
  const all = (count: number, line: (i: number) => string) => Array.from({ length: count }, (_, i) => line(i)).join('\n');
  const sums = (line: (r: number, v: number) => string) => all(rows, (r) => all(vectors, (v) => line(r, v)));
  const [down, across] = [8 * rows, 8 * vectors];
  const step = (a: (r: number) => string, b: (v: number) => string, part: string) =>
    all(vectors, (v) => `let b${part}${v} = ${b(v)};`) + all(rows, (r) => `let a${part}${r} = ${a(r)};`)
    + sums((r, v) => `s${r}_${v} = fma(vec4f(a${part}${r}), b${part}${v}, s${r}_${v});`);
  const direct = `for (var k = 0u; k < p.k; k += 4u) {
    ${all(rows, (r) => `let l${r} = a[((row + ${r}u) * p.k + k) / 4u];`)}
    ${all(4, (i) => step((r) => `l${r}[${i}]`, (v) => `b[(k + ${i}u) * p.n / 4u + column + ${v}u]`, `${i}_`))}
  }`;
  const through = `for (var k = 0u; k < p.k; k += 16u) {
    for (var i = t; i < ${down * 4}u; i += 64u) { ta[i] = a[((tile_row + i / 4u) * p.k + k) / 4u + i % 4u]; }
    for (var i = t; i < ${across * 16}u; i += 64u) { tb[i] = b[(k + i / ${across}u) * p.n / 4u + tile_column + i % ${across}u]; }
    workgroupBarrier();
    for (var j = 0u; j < 4u; j += 1u) {
      ${all(rows, (r) => `let l${r} = ta[(ly * ${rows}u + ${r}u) * 4u + j];`)}
      ${all(4, (i) => step((r) => `l${r}[${i}]`, (v) => `tb[(j * 4u + ${i}u) * ${across}u + lx * ${vectors}u + ${v}u]`, `${i}_`))}
    }
    workgroupBarrier();
  }`;
  return `struct P { m: u32, n: u32, k: u32, z: u32 }
  @group(0) @binding(0) var<uniform> p: P;
  @group(0) @binding(1) var<storage, read> a: array<vec4f>;
  @group(0) @binding(2) var<storage, read> b: array<vec4f>;
  @group(0) @binding(3) var<storage, read_write> c: array<vec4f>;
  ${shared ? `var<workgroup> ta: array<vec4f, ${down * 4}>; var<workgroup> tb: array<vec4f, ${across * 16}>;` : ''}
  @compute @workgroup_size(8, 8) fn main(@builtin(workgroup_id) w: vec3u, @builtin(local_invocation_id) l: vec3u, @builtin(local_invocation_index) t: u32) {
    let lx = l.x; let ly = l.y;
    let tile_row = w.y * ${down}u; let tile_column = w.x * ${across}u;
    let row = tile_row + ly * ${rows}u; let column = tile_column + lx * ${vectors}u;
    _ = t;
    ${sums((r, v) => `var s${r}_${v} = vec4f();`)}
    ${shared ? through : direct}
    ${sums((r, v) => `c[(row + ${r}u) * p.n / 4u + column + ${v}u] = s${r}_${v};`)}
  }`;
}

/** The least seconds of two turns of some repetitions. */
async function timed(device: GPUDevice, record: (pass: GPUComputePassEncoder) => void, macs: number): Promise<number> {
  const repetitions = Math.max(1, Math.ceil(1e7 / macs));
  let least = Infinity;
  for (let turn = 0; turn < 3; turn += 1) {
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    for (let i = 0; i < repetitions; i += 1) record(pass);
    pass.end();
    await device.queue.onSubmittedWorkDone();
    const start = performance.now();
    device.queue.submit([encoder.finish()]);
    await device.queue.onSubmittedWorkDone();
    // The first turn compiles.
    if (turn > 0) least = Math.min(least, (performance.now() - start) / 1000 / repetitions);
  }
  return least;
}

async function yardstick(device: GPUDevice, [m, n, k]: number[], made: Map<string, GPUComputePipeline>): Promise<number[]> {
  const all: number[] = [];
  for (const variant of VARIANTS) {
    const [rows, vectors, shared] = variant;
    const [down, across] = [8 * rows, 32 * vectors];
    const [mp, np, kp] = [Math.ceil(m / down) * down, Math.ceil(n / across) * across, Math.ceil(k / 16) * 16];
    const label = `${rows}x${4 * vectors}${shared ? ' through workgroup memory' : ''}`;
    const pipeline = made.get(label) ?? device.createComputePipeline({ layout: 'auto', compute: { module: device.createShaderModule({ code: source(variant) }) } });
    made.set(label, pipeline);
    const buffer = (size: number, usage = GPUBufferUsage.STORAGE) => device.createBuffer({ size, usage: usage | GPUBufferUsage.COPY_DST });
    const buffers = [buffer(16, GPUBufferUsage.UNIFORM), buffer(4 * mp * kp), buffer(4 * kp * np), buffer(4 * mp * np)];
    device.queue.writeBuffer(buffers[0], 0, Uint32Array.of(mp, np, kp, 0));
    const entries = buffers.map((buffer, binding) => ({ binding, resource: { buffer } }));
    const group = device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries });
    const seconds = await timed(device, (pass) => {
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, group);
      pass.dispatchWorkgroups(np / across, mp / down);
    }, m * n * k);
    buffers.forEach((one) => one.destroy());
    all.push(seconds);
  }
  return all;
}

/** Rows, columns, groups and depth of a product, from its uniform. */
function sizeOf(binary: Uint8Array<ArrayBuffer>, at: number): number[] {
  const words = new Uint32Array(binary.slice(at, at + 24).buffer);
  return [words[0], words[1], words[2], words[5]];
}

/** Gigaflops of every product of a training step, and of the yardstick for the same. */
export async function speed(url: string): Promise<{ adapter: string; step: number; macs: number; lines: Line[] }> {
  const tape = await Tape.load(url);
  const engine: Engine = await tape.engine();
  const { device } = engine;
  const { description, binary } = tape;
  const program = description.programs[0];
  const made = new Map<string, GPUComputePipeline>();
  const lines: Line[] = [];
  const train = program.tapes['train'];
  const step = async (dispatches: Dispatch[]) => {
    const one = { ...program, tapes: { one: { ...train, dispatches } } };
    const session = await Session.open(engine, one, binary);
    for (const param of program.parameters) {
      session.write(param.buffer, new Float32Array(session.buffers[param.buffer].size / 4).fill(0.01));
    }
    return session;
  };
  for (const dispatch of train.dispatches) {
    const shader = description.shaders[description.pipelines[dispatch.pipeline].shader].name;
    if (!/^(conv2d|dense)_.*x/.test(shader)) continue;
    const [rows, columns, groups, depth] = sizeOf(binary, train.parameters.offset + dispatch.parameters);
    const macs = rows * columns * groups * depth;
    const session = await step([dispatch]);
    const seconds = await timed(device, (pass) => session.encode('one', pass), macs);
    session.close();
    const tuned = (await yardstick(device, [rows, columns, depth], made)).map((time) => (2e-9 * rows * columns * depth) / time);
    lines.push({ layer: dispatch.layer, shader, size: [rows, columns, depth, groups], ours: (2e-9 * macs) / seconds, tuned });
  }
  const session = await step(train.dispatches);
  const macs = lines.reduce((sum, { size }) => sum + size.reduce((a, b) => a * b, 1), 0);
  const seconds = await timed(device, (pass) => session.encode('one', pass), macs);
  return { adapter: `${engine.adapter.vendor} ${engine.adapter.architecture}`, step: seconds, macs, lines };
}
