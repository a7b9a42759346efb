// The parts of the player that need no browser.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Batches, Half, Stream, TapeError, blake3Hex, initial, pack, parse, philox, streamKey, unpack, type Description } from '../player/index.ts';
import { stepBytes } from '../player/engine.ts';
import { command, points, result } from '../page/words.ts';
import { blank, nameOf, type Race } from '../page/race.ts';
import { until } from '../page/recording.ts';

/** The input of BLAKE3's published test vectors: bytes that count from 0 to 250. */
const counted = (length: number) => Uint8Array.from({ length }, (_, i) => i % 251);

test('BLAKE3 gives the published digests', () => {
  const published: [number, string][] = [
    [0, 'af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262'],
    [1, '2d3adedff11b61f14c886e35afa036736dcd87a74d27b5c1510225d0f592e213'],
    [1024, '42214739f095a406f3fc83deb889744ac00df831c10daa55189b5d121c855af7'],
    [1025, 'd00278ae47eb27b34faecf67b4fe263f82d5412916c1ffd97c8cb7fb814b8444'],
    [2048, 'e776b6028c7cd22a4d0ba182a8bf62205d2ef576467e838ed6f2529b85fba24a'],
  ];
  for (const [length, digest] of published) assert.equal(blake3Hex(counted(length)), digest, `${length} bytes`);
});

test('Philox gives the published known answers', () => {
  const answers = [
    [[0, 0, 0, 0], [0, 0], [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]],
    [Array(4).fill(0xffffffff), Array(2).fill(0xffffffff), [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd]],
    [[0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0], [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1]],
  ] as [number[], number[], number[]][];
  for (const [counter, key, words] of answers) assert.deepEqual(philox(counter, key), words);
});

test('a permutation holds every number once and changes with its page', () => {
  const stream = Stream.named('order');
  const first = stream.permutation(1000, 0);
  assert.deepEqual([...first].sort((a, b) => a - b), Array.from({ length: 1000 }, (_, i) => i));
  assert.notDeepEqual(first, stream.permutation(1000, 1));
});

test('batches go through all images of an epoch before the next begins', () => {
  const batches = new Batches(Stream.named('order'), 10, 4);
  const seen = [0, 1, 2, 3, 4].flatMap((step) => batches.indices(step));
  const ascending = (list: number[]) => [...list].sort((a, b) => a - b);
  assert.deepEqual(ascending(seen.slice(0, 10)), ascending(seen.slice(10)));
  assert.deepEqual(batches.indices(1), seen.slice(4, 8));
});

test('kernels and channels come back from their inner order, whose padding is zero', () => {
  for (const [dims, groups] of [[[5, 3, 2, 2], 1], [[6, 3, 3, 1], 2]] as [[number, number, number, number], number][]) {
    const layout = { kernel: { dims, groups } };
    const values = Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, i) => i + 1);
    const inner = pack(layout, values);
    assert.equal(inner.length, dims[2] * dims[3] * (groups === 1 ? 4 : 3) * 8);
    assert.equal(inner.reduce((a, b) => a + b), values.reduce((a, b) => a + b));
    assert.deepEqual(unpack(layout, inner), values);
  }
  assert.deepEqual([...pack({ channels: 5 }, Float32Array.of(1, 2, 3, 4, 5))], [1, 2, 3, 4, 5, 0, 0, 0]);
});

test('the values of a step lie where the shaders read them', () => {
  const view = new DataView(stepBytes({ key: [1, 0xffffffff], iteration: 3, rate: 0.5, firstImage: 7 }));
  assert.deepEqual([0, 4, 8, 16].map((at) => view.getUint32(at, true)), [1, 0xffffffff, 3, 7]);
  assert.equal(view.getFloat32(12, true), 0.5);
});

/** A tape of two programs without dispatches, for two classes of 1 x 2 pixels. */
function small(): Description {
  const section = (offset: number, bytes: number) => ({ offset, bytes });
  const program = (frozen: number) => ({
    frozen,
    buffers: [16],
    tapes: { train: { parameters: section(0, 16), dispatches: [] }, evaluate: { parameters: section(0, 16), dispatches: [] } },
    inputs: { images: 0, crops: 0, mean: 0, scale: 0, labels: 0 },
    outputs: { loss: 0, rank: 0, scores: 0 },
    parameters: [{ name: 'conv1.weight', block: 1, shape: [4, 1, 1, 1], buffer: 0, history: null, layout: { kernel: { dims: [4, 1, 1, 1] as [number, number, number, number], groups: 1 } }, start: { normal: 0.5 } }],
  });
  return {
    format: 'strata-web-tape',
    version: 1,
    strata: '0',
    experiment: { name: 'x', description: 'y', command: 'strata reproduce x', seed: 1, steps: 10, batch: 2, evaluations: 1, rates: [[0, 0.1]], mean_of: 'source' },
    data: {
      name: 'z',
      classes: ["it's", 'b'],
      classes_per_half: 1,
      shape: [1, 2, 1],
      scale: 1,
      window: [0, 0],
      train: { count: 3, pixels: section(0, 6), labels: section(16, 3) },
      test: { count: 1, pixels: section(32, 2), labels: section(48, 1) },
      sums: section(64, 16),
    },
    blocks: ['conv1', 'fc2'],
    shaders: [],
    pipelines: [],
    programs: [program(0), program(1)],
    binary: { file: 'tape.bin', packed: 1, bytes: 80, digest: '0'.repeat(64) },
  };
}

test('a description is taken as it is, and refused with the place of what is wrong', () => {
  assert.deepEqual(parse(JSON.parse(JSON.stringify(small()))), small());
  const refused = (damage: (tape: any) => void, words: RegExp) => {
    const tape = JSON.parse(JSON.stringify(small()));
    damage(tape);
    assert.throws(() => parse(tape), (error: Error) => error instanceof TapeError && words.test(error.message));
  };
  refused((tape) => (tape.version = 9), /version 9, this player knows version 1/);
  refused((tape) => delete tape.experiment.seed, /tape\.experiment\.seed is undefined/);
  refused((tape) => (tape.programs[0].outputs.extra = 1), /outputs\.extra is 1, expected no such field/);
  refused((tape) => (tape.programs[1].frozen = 0), /programs\[1\]\.frozen is 0, expected 1/);
  refused((tape) => (tape.data.sums.bytes = 12), /sums\.bytes is 12, expected 16/);
  refused((tape) => (tape.programs[0].buffers = [8]), /buffers\[0\] is 8/);
  refused((tape) => (tape.programs[0].parameters[0].buffer = 1), /expected buffers of the program/);
  for (const value of [null, [], 'x', 7]) assert.throws(() => parse(value), TapeError);
});

test('a half has the images of its classes, in their order, and their mean', () => {
  const tape = small();
  const binary = new Uint8Array(80);
  binary.set([10, 20, 30, 40, 50, 60]);
  binary.set([1, 0, 1], 16);
  binary.set([7, 8], 32);
  new Uint32Array(binary.buffer, 64, 4).set([30, 40, 60, 80]);
  const half = new Half('B', [1], tape, binary);
  assert.deepEqual([[...half.train.places], [...half.train.labels], [...half.mean]], [[0, 2], [0, 0], [30, 40]]);
  assert.equal(half.test.places.length, 0);
  assert.throws(() => new Half('A', [0, 1], tape, binary), /choose 1 different/);
  assert.throws(() => new Half('A', [5], tape, binary), TapeError);
});

test('initial weights come from the stream of their network and name', () => {
  const param = small().programs[0].parameters[0];
  const key = streamKey(1, 'A', 0);
  assert.equal(key, 'seed=1/split=0/replicate=0/target=A/base');
  assert.equal(streamKey(1, 'B', 3), 'seed=1/split=0/replicate=0/target=B/n=3');
  assert.deepEqual(initial(param, key), Stream.named(`${key}/weights/conv1.weight`).normal(4, 0.5));
  assert.deepEqual([...initial({ ...param, start: { constant: 2 } }, key)], [2, 2, 2, 2]);
});

const choice = { halves: [[0], [1]] as [number[], number[]], n: 1, frozen: true };

test('the command names the halves and quotes them for a shell', () => {
  const expected = "printf '%s\\n' 'it'\\''s,A' 'b,B' > halves.csv\nstrata reproduce x --set protocol.split=listed "
    + "--set protocol.split_file=halves.csv --set 'protocol.splits=[0]'";
  assert.equal(command(choice, small()), expected);
});

function race(): Race {
  const track = (role: 'base' | 'selffer' | 'transfer', top1: number) => {
    return { ...blank(role, 'B', choice), losses: [2, 1], points: [{ step: 10, top1, loss: 1 }], confusion: [[1]] };
  };
  return { ...choice, tracks: [track('base', 0.9), track('selffer', 0.9), track('transfer', 0.8)] };
}

test('the result names both differences to the base, and how far they carry', () => {
  const said = result(race(), small());
  assert.match(said, /On B, B1B \(the first block of its own base, frozen\) ended at 0\.0 points against base B, and A1B \(those of base A\) at \u221210\.0\./);
  assert.match(said, /Three small networks on one split/);
  assert.match(said, /cannot show/);
  assert.deepEqual([points(0.012), points(-0.0004), points(-0.012)], ['+1.2', '0.0', '\u22121.2']);
  assert.equal(nameOf('transfer', 'A', 2, false), 'B2A+');
});

test('a recorded run is shown up to a step, bases first', () => {
  const recording = { experiment: 'x', race: race() };
  const at = (step: number) => until(recording, step, 10).tracks.map(({ name, points }) => `${name} ${points.length}`);
  assert.deepEqual(at(5), ['base B 0']);
  assert.deepEqual(at(10), ['base B 1']);
  assert.deepEqual(at(15), ['base B 1', 'B1B 0', 'A1B 0']);
  assert.deepEqual(until(recording, 20, 10).tracks, recording.race.tracks);
});
