// The package: `import { Tape } from "strata-web"`.

export { blake3Hex } from './blake3.ts';
export { Engine, Session, type Kernels, type StepValues } from './engine.ts';
export { TapeError, VERSION, parse, type Description, type Parameter } from './format.ts';
export { Half } from './half.ts';
export { pack, unpack } from './layout.ts';
export { BURST, Batches, Network, initial, streamKey, type Kind, type Scores } from './network.ts';
export { Stream, philox } from './stream.ts';
export { Tape } from './tape.ts';
