// The written form of a tape (docs/web-tape.md), and its check: a field that is missing, unknown or out of range is
// refused by name, before anything is made of it.

/** What went wrong, in a sentence with a remedy. */
export class TapeError extends Error {
  override name = 'TapeError';
}

type Check<T> = (value: unknown, place: string) => T;

function refuse(place: string, expected: string, got: unknown): never {
  const text = JSON.stringify(got) ?? String(got);
  const short = text.length > 60 ? `${text.slice(0, 60)}...` : text;
  throw new TapeError(`${place} is ${short}, expected ${expected}; export the page again with this version of strata`);
}

const text = (most: number): Check<string> => (value, place) =>
  typeof value === 'string' && value.length <= most ? value : refuse(place, `text of at most ${most} letters`, value);

const whole = (least: number, most: number): Check<number> => (value, place) =>
  Number.isInteger(value) && (value as number) >= least && (value as number) <= most
    ? (value as number)
    : refuse(place, `a whole number from ${least} to ${most}`, value);

const number: Check<number> = (value, place) =>
  typeof value === 'number' && Number.isFinite(value) ? value : refuse(place, 'a number', value);

const exactly = <T extends string | number>(...known: T[]): Check<T> => (value, place) =>
  known.includes(value as T) ? (value as T) : refuse(place, known.map((one) => JSON.stringify(one)).join(' or '), value);

const list = <T>(item: Check<T>, most: number, least = 0): Check<T[]> => (value, place) =>
  Array.isArray(value) && value.length >= least && value.length <= most
    ? value.map((entry, i) => item(entry, `${place}[${i}]`))
    : refuse(place, `a list of ${least} to ${most}`, value);

const isPlain = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const map = <T>(item: Check<T>, most: number): Check<Record<string, T>> => (value, place) => {
  if (!isPlain(value) || Object.keys(value).length > most) return refuse(place, `at most ${most} named values`, value);
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, item(entry, `${place}.${key}`)]));
};

const object = <T extends object>(fields: { [K in keyof T]: Check<T[K]> }): Check<T> => (value, place) => {
  if (!isPlain(value)) return refuse(place, 'an object', value);
  const unknown = Object.keys(value).find((key) => !Object.hasOwn(fields, key));
  if (unknown !== undefined) return refuse(`${place}.${unknown}`, 'no such field', value[unknown]);
  const checked = Object.entries(fields).map(([key, check]) => {
    return [key, (check as Check<unknown>)(value[key], `${place}.${key}`)];
  });
  return Object.fromEntries(checked) as T;
};

const pair = <A, B>(first: Check<A>, second: Check<B>): Check<[A, B]> => (value, place) =>
  Array.isArray(value) && value.length === 2
    ? [first(value[0], `${place}[0]`), second(value[1], `${place}[1]`)]
    : refuse(place, 'a pair', value);

const either = <A, B>(a: Check<A>, keyOfA: string, b: Check<B>): Check<A | B> => (value, place) =>
  isPlain(value) && Object.hasOwn(value, keyOfA) ? a(value, place) : b(value, place);

/** The version of the format that this player knows. */
export const VERSION = 1;
const MOST_BYTES = 256 * 2 ** 20;

export interface Section { offset: number; bytes: number }
export interface Shader { name: string; source: string }
export type Use = 'uniform' | 'step' | 'read' | 'write' | 'read_write';
export interface Pipeline {
  shader: number;
  entry: string;
  constants: Record<string, number>;
  bindings: [number, Use][];
  parameters: number;
}
export interface Dispatch {
  layer: string;
  pipeline: number;
  buffers: number[];
  parameters: number;
  grid: [number, number];
}
export interface Dispatches { parameters: Section; dispatches: Dispatch[] }
export interface Program { buffers: number[]; tapes: Record<string, Dispatches> }
export type Layout = { kernel: { dims: [number, number, number, number]; groups: number } } | { channels: number };
export type Start = { normal: number } | { constant: number };
export interface Parameter {
  name: string;
  block: number;
  shape: number[];
  buffer: number;
  history: number | null;
  layout: Layout;
  start: Start;
}
export interface Network extends Program {
  frozen: number;
  inputs: { images: number; crops: number; mean: number; scale: number; labels: number };
  outputs: { loss: number; rank: number; scores: number };
  parameters: Parameter[];
}
export interface ImageList { count: number; pixels: Section; labels: Section }
export interface Description {
  format: 'strata-web-tape';
  version: 1;
  strata: string;
  experiment: {
    name: string;
    description: string;
    command: string;
    seed: number;
    steps: number;
    batch: number;
    evaluations: number;
    rates: [number, number][];
    mean_of: 'source' | 'target';
  };
  data: {
    name: string;
    classes: string[];
    classes_per_half: number;
    shape: [number, number, number];
    scale: number;
    window: [number, number];
    train: ImageList;
    test: ImageList;
    sums: Section;
  };
  blocks: string[];
  shaders: Shader[];
  pipelines: Pipeline[];
  programs: Network[];
  binary: { file: string; packed: number; bytes: number; digest: string };
}

const section = object<Section>({ offset: whole(0, MOST_BYTES), bytes: whole(0, MOST_BYTES) });
const images = object<ImageList>({ count: whole(1, 2 ** 22), pixels: section, labels: section });
const name = text(200);
const shader = object<Shader>({ name, source: text(2 ** 20) });
const pipeline = object<Pipeline>({
  shader: whole(0, 999),
  entry: name,
  constants: map(number, 20),
  bindings: list(pair(whole(0, 31), exactly<Use>('uniform', 'step', 'read', 'write', 'read_write')), 32),
  parameters: whole(0, 2 ** 16),
});
const dispatch = object<Dispatch>({
  layer: name,
  pipeline: whole(0, 1999),
  buffers: list(whole(0, 99_999), 32),
  parameters: whole(0, MOST_BYTES),
  grid: pair(whole(1, 65_535), whole(1, 65_535)),
});
const dispatches = object<Dispatches>({ parameters: section, dispatches: list(dispatch, 100_000) });
const four = list(whole(1, 2 ** 24), 4, 4) as Check<[number, number, number, number]>;
const layout = either<Layout, Layout>(
  object({ kernel: object({ dims: four, groups: whole(1, 2 ** 16) }) }),
  'kernel',
  object({ channels: whole(1, 2 ** 24) }),
);
const start = either<Start, Start>(object({ normal: number }), 'normal', object({ constant: number }));
const buffer = whole(0, 99_999);
const parameter = object<Parameter>({
  name,
  block: whole(1, 1000),
  shape: list(whole(1, 2 ** 24), 4, 1),
  buffer,
  history: (value, place) => (value === null ? null : buffer(value, place)),
  layout,
  start,
});
const buffers = list(whole(16, 256 * 2 ** 20), 100_000);
const tapes = map(dispatches, 8);
const network = object<Network>({
  buffers,
  tapes,
  frozen: whole(0, 1000),
  inputs: object({ images: buffer, crops: buffer, mean: buffer, scale: buffer, labels: buffer }),
  outputs: object({ loss: buffer, rank: buffer, scores: buffer }),
  parameters: list(parameter, 10_000),
});
const description = object<Description>({
  format: exactly('strata-web-tape'),
  version: exactly(VERSION),
  strata: name,
  experiment: object({
    name,
    description: text(2000),
    command: text(10_000),
    seed: whole(0, Number.MAX_SAFE_INTEGER),
    steps: whole(1, 10_000_000),
    batch: whole(1, 2 ** 16),
    evaluations: whole(1, 10_000_000),
    rates: list(pair(whole(0, 10_000_000), number), 1_000_000, 1),
    mean_of: exactly('source', 'target'),
  }),
  data: object({
    name,
    classes: list(name, 256, 2),
    classes_per_half: whole(1, 128),
    shape: list(whole(1, 4096), 3, 3) as Check<[number, number, number]>,
    scale: number,
    window: pair(whole(0, 4096), whole(0, 4096)),
    train: images,
    test: images,
    sums: section,
  }),
  blocks: list(name, 1000, 1),
  shaders: list(shader, 1000),
  pipelines: list(pipeline, 2000),
  programs: list(network, 1000, 1),
  binary: object({ file: text(100), packed: whole(1, MOST_BYTES), bytes: whole(1, MOST_BYTES), digest: text(64) }),
});

function within(part: Section, bytes: number, place: string, exact?: number): void {
  if (part.offset + part.bytes > bytes) refuse(place, `a section of ${bytes} bytes`, part);
  if (exact !== undefined && part.bytes !== exact) refuse(`${place}.bytes`, `${exact}`, part.bytes);
}

/** Checks what refers to what in a program: numbers of pipelines and buffers, and places in the binary. */
export function checkProgram(program: Program, pipelines: Pipeline[], shaders: number, bytes: number, place: string): void {
  for (const [tape, { parameters, dispatches: all }] of Object.entries(program.tapes)) {
    const of = `${place}.tapes.${tape}`;
    within(parameters, bytes, `${of}.parameters`);
    all.forEach((one, i) => {
      const made = pipelines[one.pipeline];
      const at = `${of}.dispatches[${i}]`;
      if (!made || made.shader >= shaders) return refuse(`${at}.pipeline`, 'a pipeline of the tape', one.pipeline);
      const tensors = made.bindings.filter(([, use]) => use !== 'uniform' && use !== 'step').length;
      if (one.buffers.length !== tensors) refuse(`${at}.buffers`, `${tensors} buffers`, one.buffers);
      const astray = one.buffers.find((number) => number >= program.buffers.length);
      if (astray !== undefined) refuse(`${at}.buffers`, 'buffers of the program', astray);
      const end = one.parameters + made.parameters;
      if (one.parameters % 256 !== 0 || end > parameters.bytes) refuse(`${at}.parameters`, 'a place of a uniform', one.parameters);
      return undefined;
    });
  }
}

/** Checks a description, field by field and against itself. */
export function parse(value: unknown): Description {
  if (isPlain(value) && value['format'] === 'strata-web-tape' && value['version'] !== VERSION) {
    throw new TapeError(`the tape is of version ${value['version']}, this player knows version ${VERSION}; export the page again`);
  }
  const tape = description(value, 'tape');
  const { data, binary, programs } = tape;
  const size = data.shape[0] * data.shape[1] * data.shape[2];
  for (const part of ['train', 'test'] as const) {
    within(data[part].pixels, binary.bytes, `tape.data.${part}.pixels`, data[part].count * size);
    within(data[part].labels, binary.bytes, `tape.data.${part}.labels`, data[part].count);
  }
  within(data.sums, binary.bytes, 'tape.data.sums', 4 * size * data.classes.length);
  if (data.classes_per_half * 2 !== data.classes.length) {
    refuse('tape.data.classes_per_half', `${data.classes.length / 2}`, data.classes_per_half);
  }
  programs.forEach((program, i) => {
    const place = `tape.programs[${i}]`;
    if (program.frozen !== i) refuse(`${place}.frozen`, `${i}`, program.frozen);
    checkProgram(program, tape.pipelines, tape.shaders.length, binary.bytes, place);
    for (const tape of ['train', 'evaluate']) {
      if (!Object.hasOwn(program.tapes, tape)) refuse(`${place}.tapes`, `one named ${tape}`, Object.keys(program.tapes));
    }
    const named = [...Object.values(program.inputs), ...Object.values(program.outputs)];
    for (const param of program.parameters) {
      named.push(param.buffer, ...(param.history === null ? [] : [param.history]));
      if (param.block > tape.blocks.length) refuse(`${place}.${param.name}.block`, `1 to ${tape.blocks.length}`, param.block);
      const outer = 'channels' in param.layout ? param.layout.channels : param.layout.kernel.dims.reduce((a, b) => a * b, 1);
      const length = param.shape.reduce((a, b) => a * b, 1);
      if (outer !== length) refuse(`${place}.${param.name}.shape`, `${outer} values`, param.shape);
    }
    const astray = named.find((number) => number >= program.buffers.length);
    if (astray !== undefined) refuse(place, 'buffers of the program', astray);
  });
  return tape;
}

/** The parts that a program is checked by where it comes alone, as in the tests of the kernels. */
export const parts = { shader: list(shader, 1000), pipeline: list(pipeline, 2000), program: object<Program>({ buffers, tapes }) };
