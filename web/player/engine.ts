// A device with the pipelines of a tape, made once, and sessions of its programs: buffers, bind groups, and one pass a
// step.

import { TapeError, type Dispatches, type Pipeline, type Program, type Shader, type Use } from './format.ts';

/** What changes from step to step: one small uniform. */
export interface StepValues {
  key: readonly [number, number];
  iteration: number;
  rate: number;
  firstImage: number;
}

const STEP_BYTES = 20;
/** Bytes of all buffers of a device at most: what integrated graphics can be asked for. */
const MOST_BYTES = 2 ** 30;

const BUFFER_TYPES: Record<Use, GPUBufferBindingType> = {
  uniform: 'uniform',
  step: 'uniform',
  read: 'read-only-storage',
  write: 'storage',
  read_write: 'storage',
};

export function stepBytes({ key, iteration, rate, firstImage }: StepValues): ArrayBuffer {
  const view = new DataView(new ArrayBuffer(STEP_BYTES));
  view.setUint32(0, key[0], true);
  view.setUint32(4, key[1], true);
  view.setUint32(8, iteration, true);
  view.setFloat32(12, rate, true);
  view.setUint32(16, firstImage, true);
  return view.buffer;
}

/** Shaders and pipelines as a tape has them. */
export interface Kernels { shaders: Shader[]; pipelines: Pipeline[] }

/** An opened device. */
export class Engine {
  readonly device: GPUDevice;
  readonly adapter: GPUAdapterInfo;
  /** Resolves with the reason where the device is lost. */
  readonly lost: Promise<string>;
  private readonly kernels: Kernels;
  private readonly modules = new Map<number, GPUShaderModule>();
  private readonly made = new Map<number, Promise<GPUComputePipeline>>();
  private readonly errors: string[] = [];
  private reason: string | null = null;
  private bytes = 0;

  private constructor(device: GPUDevice, adapter: GPUAdapterInfo, kernels: Kernels) {
    [this.device, this.adapter, this.kernels] = [device, adapter, kernels];
    this.lost = device.lost.then(({ message }) => (this.reason = message || 'the browser gave no reason'));
    device.addEventListener('uncapturederror', (event) => {
      event.preventDefault();
      this.errors.push(event.error.message);
    });
  }

  /** Opens a device within WebGPU's default limits. */
  static async open(kernels: Kernels): Promise<Engine> {
    if (!globalThis.navigator?.gpu) {
      throw new TapeError('this browser has no WebGPU here; take a recent Chrome, Edge, Safari or Firefox, and a page from https or localhost');
    }
    const adapter = await navigator.gpu.requestAdapter({ powerPreference: 'high-performance' });
    if (!adapter) throw new TapeError('WebGPU found no graphics adapter; allow graphics acceleration in the settings of the browser');
    return new Engine(await adapter.requestDevice(), adapter.info, kernels);
  }

  /** Fails where the device is lost or has refused something since the last call. */
  check(): void {
    if (this.reason !== null) throw new TapeError(`the browser lost the graphics device (${this.reason}); load the page again`);
    const refused = this.errors.splice(0);
    if (refused.length > 0) throw new TapeError(`the graphics device refused a call: ${refused[0]}`);
  }

  /** Waits for a read-back. */
  async mapped(buffer: GPUBuffer): Promise<ArrayBuffer> {
    try {
      await buffer.mapAsync(GPUMapMode.READ);
    } catch (error) {
      // Whether that was for a lost device is known a moment later.
      await Promise.race([this.lost, new Promise((resolve) => setTimeout(resolve, 100))]);
      this.check();
      throw new TapeError(`results could not be read: ${error instanceof Error ? error.message : error}`);
    }
    const bytes = buffer.getMappedRange().slice(0);
    buffer.unmap();
    this.check();
    return bytes;
  }

  /** A buffer, zeroed. */
  buffer(size: number, usage: number): GPUBuffer {
    if (this.bytes + size > MOST_BYTES) {
      throw new TapeError('the networks need more than 1 GiB of graphics memory; take an experiment with a smaller net or batch');
    }
    this.bytes += size;
    return this.device.createBuffer({ size, usage });
  }

  /** Gives a buffer's memory back. */
  free(buffer: GPUBuffer): void {
    this.bytes -= buffer.size;
    buffer.destroy();
  }

  /** The pipeline of a number, made at its first use. */
  pipeline(number: number): Promise<GPUComputePipeline> {
    const made = this.made.get(number) ?? this.make(number);
    this.made.set(number, made);
    return made;
  }

  private async make(number: number): Promise<GPUComputePipeline> {
    const { shader, entry, constants, bindings } = this.kernels.pipelines[number];
    const { name, source } = this.kernels.shaders[shader];
    const module = this.modules.get(shader) ?? this.device.createShaderModule({ label: name, code: source });
    this.modules.set(shader, module);
    const entries = bindings.map(([binding, use]) => {
      return { binding, visibility: GPUShaderStage.COMPUTE, buffer: { type: BUFFER_TYPES[use] } };
    });
    const layout = this.device.createPipelineLayout({ bindGroupLayouts: [this.device.createBindGroupLayout({ entries })] });
    try {
      return await this.device.createComputePipelineAsync({ label: name, layout, compute: { module, entryPoint: entry, constants } });
    } catch (error) {
      this.check();
      throw new TapeError(`shader ${name} was refused: ${error instanceof Error ? error.message : error}`);
    }
  }

  /** The use of each binding of a pipeline. */
  bindings(number: number): [number, Use][] {
    return this.kernels.pipelines[number].bindings;
  }

  /** Bytes of a pipeline's uniform. */
  parameters(number: number): number {
    return this.kernels.pipelines[number].parameters;
  }
}

interface Ready { pipeline: GPUComputePipeline; group: GPUBindGroup; grid: [number, number] }

/** A program's buffers and tapes on a device. */
export class Session {
  readonly engine: Engine;
  readonly buffers: GPUBuffer[];
  private readonly own: GPUBuffer[];
  private readonly step: GPUBuffer;
  private readonly tapes = new Map<string, Ready[]>();

  private constructor(engine: Engine, program: Program) {
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC;
    this.engine = engine;
    this.buffers = program.buffers.map((size) => engine.buffer(size, usage));
    this.step = engine.buffer(STEP_BYTES, GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST);
    this.own = [...this.buffers, this.step];
  }

  /** Makes everything that the program needs; `binary` is that of the tape. */
  static async open(engine: Engine, program: Program, binary: Uint8Array): Promise<Session> {
    const session = new Session(engine, program);
    for (const [name, tape] of Object.entries(program.tapes)) session.tapes.set(name, await session.bind(tape, binary));
    engine.check();
    return session;
  }

  private async bind({ parameters, dispatches }: Dispatches, binary: Uint8Array): Promise<Ready[]> {
    const { engine } = this;
    const uniform = engine.buffer(Math.max(16, parameters.bytes), GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST);
    this.own.push(uniform);
    engine.device.queue.writeBuffer(uniform, 0, binary.slice(parameters.offset, parameters.offset + parameters.bytes));
    const pipelines = await Promise.all(dispatches.map((dispatch) => engine.pipeline(dispatch.pipeline)));
    return dispatches.map((dispatch, i) => {
      const places = dispatch.buffers.values();
      const resource = (use: Use): GPUBufferBinding => {
        if (use === 'uniform') return { buffer: uniform, offset: dispatch.parameters, size: engine.parameters(dispatch.pipeline) };
        if (use === 'step') return { buffer: this.step };
        return { buffer: this.buffers[places.next().value ?? 0] };
      };
      const entries = engine.bindings(dispatch.pipeline).map(([binding, use]) => ({ binding, resource: resource(use) }));
      const group = engine.device.createBindGroup({ layout: pipelines[i].getBindGroupLayout(0), entries });
      return { pipeline: pipelines[i], group, grid: dispatch.grid };
    });
  }

  /** Overwrites the beginning of a buffer. */
  write(buffer: number, bytes: Uint8Array<ArrayBuffer> | Uint32Array<ArrayBuffer> | Float32Array<ArrayBuffer>): void {
    const view = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const rest = view.length % 4;
    const whole = rest === 0 ? view : Uint8Array.from({ length: view.length + 4 - rest }, (_, i) => view[i] ?? 0);
    this.engine.device.queue.writeBuffer(this.buffers[buffer], 0, whole);
  }

  /** Adds the dispatches of a tape to a pass. */
  encode(tape: string, pass: GPUComputePassEncoder): void {
    let last: GPUComputePipeline | null = null;
    for (const { pipeline, group, grid } of this.tapes.get(tape) ?? []) {
      if (pipeline !== last) pass.setPipeline(pipeline);
      last = pipeline;
      pass.setBindGroup(0, group);
      pass.dispatchWorkgroups(grid[0], grid[1]);
    }
  }

  /** Runs a tape in one pass, lets `after` add copies, and submits once. Does not wait. */
  run(tape: string, values: StepValues, after?: (encoder: GPUCommandEncoder) => void): void {
    const { device } = this.engine;
    device.queue.writeBuffer(this.step, 0, stepBytes(values));
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    this.encode(tape, pass);
    pass.end();
    after?.(encoder);
    device.queue.submit([encoder.finish()]);
  }

  /** The bytes of some buffers after everything submitted before. */
  async read(buffers: number[]): Promise<ArrayBuffer[]> {
    const { engine } = this;
    const encoder = engine.device.createCommandEncoder();
    const targets = buffers.map((number) => {
      const from = this.buffers[number];
      const target = engine.buffer(from.size, GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST);
      encoder.copyBufferToBuffer(from, 0, target, 0, from.size);
      return target;
    });
    engine.device.queue.submit([encoder.finish()]);
    try {
      return await Promise.all(targets.map((target) => engine.mapped(target)));
    } finally {
      targets.forEach((target) => engine.free(target));
    }
  }

  /** Gives all memory back. */
  close(): void {
    this.own.splice(0).forEach((buffer) => this.engine.free(buffer));
  }
}
